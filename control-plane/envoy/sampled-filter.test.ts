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

interface Built {
  /** Envoy's own share of a million; undefined where the module is not wrapped. */
  numerator: number | undefined;
  /** Whether Envoy looks at the request. */
  gated: boolean;
  /** The module's. */
  config: MirrorConfig;
}

function built(config: MirrorConfig): Built {
  // biome-ignore lint/suspicious/noExplicitAny: any of Envoy's messages, as JSON
  const json = toJson(AnySchema, mirrorFilter('/mirror.wasm', config), { registry: registry() }) as any;
  const configured = (wasm: typeof json) => JSON.parse(wasm.config.configuration.value) as MirrorConfig;
  if (json['@type'] === WASM_FILTER_TYPE) return { numerator: undefined, gated: false, config: configured(json) };
  const { matcherList, onNoMatch } = json.xdsMatcher;
  const { action } = matcherList?.matchers[0].onMatch ?? onNoMatch;
  const { numerator = 0, denominator } = action.typedConfig.samplePercent.defaultValue;
  assert.equal(denominator, 'MILLION');
  return {
    numerator,
    gated: matcherList !== undefined,
    config: configured(action.typedConfig.typedConfig.typedConfig),
  };
}

for (const [percent, numerator] of [
  [1e-9, 1],
  [0.01, 100],
  [10, 100_000],
  [99.9, 999_000],
] as const)
  test(`by weight alone, ${percent}%: Envoy draws, and the module takes all it is handed`, () => {
    const config = of({ percent, routes: [{ name: 'reads', methods: ['GET'] }] });
    assert.deepEqual(built(config), { numerator, gated: false, config: { ...config, percent: 100 } });
    assert.equal(handedShare(config), percent / 100);
  });

test('where nothing is copied nothing is handed over, sessions or not', () => {
  for (const change of [{ percent: 0 }, { percent: 0, session: { cookie: 'sid' } }]) {
    assert.deepEqual(built(of(change)), { numerator: 0, gated: false, config: of(change) });
    assert.equal(handedShare(of(change)), 0);
  }
});

test('of several shares Envoy draws the largest, and the module what is left of the others', () => {
  const config = of({
    routes: [{ pathPrefix: '/health', percent: 0 }, { methods: ['GET'], percent: 40 }, { name: 'r' }],
  });
  assert.deepEqual(built(config), {
    numerator: 400_000,
    gated: false,
    config: {
      ...config,
      percent: 25,
      routes: [{ pathPrefix: '/health', percent: 0 }, { methods: ['GET'], percent: 100 }, { name: 'r' }],
    },
  });
  assert.equal(handedShare(config), 0.4);
});

for (const [what, change] of [
  ['everything is copied', { percent: 100 }],
  ['sessions stay whole', { session: { cookie: 'sid' } }],
  ['a share is everything', { routes: [{ pathPrefix: '/', percent: 100 }] }],
  [
    'a share is for any request',
    { percent: 0, routes: [{ header: { name: 'x-canary' }, percent: 100 }, { percent: 10 }] },
  ],
] as [string, Partial<MirrorConfig>][])
  test(`the module samples where ${what}`, () => {
    assert.deepEqual(built(of(change)), { numerator: undefined, gated: false, config: of(change) });
    assert.equal(handedShare(of(change)), 1);
  });

for (const [what, change, numerator, left] of [
  ['a header', { percent: 0, routes: [{ header: { name: 'x-canary' }, percent: 100 }] }, 1_000_000, [100]],
  [
    'methods and paths, each with a share of its own',
    {
      percent: 0,
      routes: [
        { methods: ['GET', 'PUT'], percent: 5 },
        { pathPrefix: '/a', percent: 20 },
        { pathPrefix: '/', percent: 0 },
      ],
    },
    200_000,
    [25, 100, 0],
  ],
  [
    'a header, and sessions stay whole',
    { percent: 0, session: { cookie: 'sid' }, routes: [{ header: { name: 'x-canary', value: '1' }, percent: 5 }] },
    1_000_000,
    [5],
  ],
] as [string, Partial<MirrorConfig>, number, number[]][])
  test(`Envoy looks for ${what}`, () => {
    const made = built(of(change));
    assert.deepEqual([made.numerator, made.gated], [numerator, true]);
    assert.deepEqual(
      made.config.routes?.map((r) => r.percent),
      left,
    );
    assert.equal(handedShare(of(change)), 0, 'nobody knows how many that is');
  });

for (const change of [{ percent: -1 }, { percent: 101 }, { percent: Number.NaN }, { cluster: '' }])
  test(`a wrong configuration is not built, wrapped or not: ${JSON.stringify(change)}`, () => {
    assert.throws(
      () => mirrorFilter('/mirror.wasm', of(change)),
      (e) => e instanceof UmbraError && e.code === 'UMB0301',
    );
  });
