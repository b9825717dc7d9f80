import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { type MirrorConfig, WASM_FILTER_TYPE } from '../../filters/config.ts';
import { UmbraError } from '../mesh/errors.ts';
import { registry } from './protos/registry.ts';
import { handedShare, mirrorFilter } from './sampled-filter.ts';

const of = (change: Partial<MirrorConfig> = {}): MirrorConfig => ({
  generation: 1,
  cluster: 'umbra_shadow',
  percent: 10,
  pseudonymKey: '0'.repeat(32),
  ...change,
});

/** Envoy's own share of a million, and the module's configuration; the share is undefined where it is not wrapped. */
function built(config: MirrorConfig): { numerator: number | undefined; config: MirrorConfig } {
  // biome-ignore lint/suspicious/noExplicitAny: any of Envoy's messages, as JSON
  const json = toJson(AnySchema, mirrorFilter('/mirror.wasm', config), { registry: registry() }) as any;
  const configured = (wasm: typeof json) => JSON.parse(wasm.config.configuration.value) as MirrorConfig;
  if (json['@type'] === WASM_FILTER_TYPE) return { numerator: undefined, config: configured(json) };
  const action = json.xdsMatcher.onNoMatch.action.typedConfig;
  const { numerator = 0, denominator } = action.samplePercent.defaultValue;
  assert.equal(denominator, 'MILLION');
  return { numerator, config: configured(action.typedConfig.typedConfig) };
}

for (const [percent, numerator] of [
  [0, 0],
  [1e-9, 1],
  [0.01, 100],
  [10, 100_000],
  [99.9, 999_000],
] as const)
  test(`by weight alone, ${percent}%: Envoy samples, and the module takes all it is handed`, () => {
    const config = of({ percent, routes: [{ name: 'reads', methods: ['GET'] }] });
    assert.deepEqual(built(config), { numerator, config: { ...config, percent: 100 } });
    assert.equal(handedShare(config), percent / 100);
  });

for (const [what, change] of [
  ['everything is copied', { percent: 100 }],
  ['sessions stay whole', { session: { cookie: 'sid' } }],
  ['a route has a share of its own', { routes: [{ pathPrefix: '/health', percent: 0 }] }],
] as [string, Partial<MirrorConfig>][])
  test(`the module samples where ${what}`, () => {
    assert.deepEqual(built(of(change)), { numerator: undefined, config: of(change) });
    assert.equal(handedShare(of(change)), 1);
  });

for (const change of [{ percent: -1 }, { percent: 101 }, { percent: Number.NaN }, { cluster: '' }])
  test(`a wrong configuration is not built, wrapped or not: ${JSON.stringify(change)}`, () => {
    assert.throws(
      () => mirrorFilter('/mirror.wasm', of(change)),
      (e) => e instanceof UmbraError && e.code === 'UMB0301',
    );
  });
