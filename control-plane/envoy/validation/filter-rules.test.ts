import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonValue, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type FilterRole, wasmFilterConfig } from '../../../filters/config.ts';
import type { Resource } from '../../xds/resource.ts';
import { noOp } from '../http-filters.ts';
import { fromAds, pack, typeUrl } from '../messages.ts';
import { CHAOS_FILTER, MIRROR_FILTER } from '../names.ts';
import { TypedExtensionConfigSchema } from '../protos/gen/envoy/config/core/v3/extension_pb.js';
import { ExtensionWithMatcherSchema } from '../protos/gen/envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import {
  CompositeSchema,
  ExecuteFilterActionSchema,
} from '../protos/gen/envoy/extensions/filters/http/composite/v3/composite_pb.js';
import { WasmSchema } from '../protos/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
import { registry } from '../protos/registry.ts';
import { describeProblem, validate } from './index.ts';

/** A filter, whatever its configuration. */
function plugin(role: FilterRole, configuration: JsonValue | undefined, rootId = `umbra_${role}`): Any {
  const fields = wasmFilterConfig(role, '/module.wasm', '') as { config: Record<string, unknown> };
  const config = { ...fields.config, root_id: rootId, configuration };
  if (configuration === undefined) delete config.configuration;
  return pack(WasmSchema, fromJson(WasmSchema, { config } as JsonValue, { registry: registry() }));
}

/** As ECDS carries it. */
function extension(typedConfig: Any, name = 'umbra.filter'): Resource {
  const body = toBinary(TypedExtensionConfigSchema, create(TypedExtensionConfigSchema, { name, typedConfig }));
  return { typeUrl: typeUrl(TypedExtensionConfigSchema), name, version: '1', body, scope: 'any' };
}
const filter = (...of: Parameters<typeof plugin>): Resource => extension(plugin(...of));

/** In Envoy's composite filter, with this action. */
function wrapped(action: MessageInitShape<typeof ExecuteFilterActionSchema>): Any {
  const value = { name: 'sampled', typedConfig: pack(ExecuteFilterActionSchema, action) };
  return pack(ExtensionWithMatcherSchema, {
    extensionConfig: { name: 'composite', typedConfig: pack(CompositeSchema, {}) },
    xdsMatcher: { onNoMatch: { onMatch: { case: 'action', value } } },
  });
}
const inside = (typedConfig: Any) => wrapped({ typedConfig: { name: 'inside', typedConfig } });
const text = (value: string) => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value });
const problems = (resource: Resource) => validate([resource]).map(describeProblem);

test('a right configuration has no problem', () => {
  assert.deepEqual(problems(filter('chaos', text('{"generation": 0, "faults": []}'))), []);
});

test('a wrong one is refused with its line and the reason', () => {
  const wrong = '{\n "generation": 1,\n "faults": [\n  {"id": "a", "expiresAtMs": 1, "share": 7}\n ]\n}';
  const [problem, ...rest] = problems(filter('chaos', text(wrong)));
  assert.deepEqual(rest, []);
  assert.match(problem!, /^TypedExtensionConfig umbra\.filter: typed_config\(Wasm\)\.config\.configuration line 4: /);
  assert.match(problem!, /faults\[0\]\.share: must be within 0 and 1 \(given \{"id": "a", /);
  assert.match(problems(filter('mirror', text('{"generation": 1}')))[0]!, /line 1: cluster: is required/);
});

test('what is no text, or nothing at all', () => {
  const struct = { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { generation: 1 } };
  assert.match(problems(filter('chaos', struct)).join(), /configuration must be a StringValue of JSON/);
  assert.match(problems(filter('chaos', undefined)).join(), /line 1: is not JSON/);
});

test('filters of others are none of our business', () => {
  assert.deepEqual(problems(filter('chaos', text('not JSON'), 'their_filter')), []);
});

const mirror = text(`{"generation": 1, "cluster": "shadow", "percent": 100, "pseudonymKey": "${'0'.repeat(32)}"}`);
const chaos = text('{"generation": 0, "faults": []}');

test('a wrong one inside a wrapping is refused as well', () => {
  const [problem, ...rest] = problems(extension(inside(plugin('mirror', text('{\n "generation": 1\n}')))));
  assert.match(
    problem!,
    /typed_config\(ExecuteFilterAction\)\.typed_config\.typed_config\(Wasm\)\.config\.configuration line 1: /,
  );
  assert.match(problem!, /cluster: is required/);
  assert.ok(rest.every((p) => p.includes('is required')));
  assert.deepEqual(problems(extension(inside(plugin('mirror', mirror)))), []);
});

test('in the slot of a filter of ours that filter may stand, as it is or wrapped', () => {
  for (const held of [plugin('mirror', mirror), inside(plugin('mirror', mirror)), noOp()])
    assert.deepEqual(problems(extension(held, MIRROR_FILTER)), []);
  assert.deepEqual(problems(extension(plugin('chaos', chaos), CHAOS_FILTER)), []);
});

/** A wrapping around a filter that comes by a resource of its own. */
const elsewhere = wrapped({ dynamicConfig: { name: CHAOS_FILTER, configDiscovery: { configSource: fromAds } } });

for (const [what, held, said] of [
  ['chaos', plugin('chaos', chaos), /root_id must be umbra_mirror in umbra\.mirror \(given umbra_chaos\)/],
  ['chaos in a wrapping', inside(plugin('chaos', chaos)), /root_id must be umbra_mirror in umbra\.mirror/],
  ['chaos in two wrappings', inside(inside(plugin('chaos', chaos))), /root_id must be umbra_mirror in umbra\.mirror/],
  ['a module of others', inside(plugin('chaos', chaos, 'their_filter')), /root_id must be umbra_mirror/],
  [
    'a native filter in a wrapping',
    inside(noOp()),
    /typed_config must be a WebAssembly module \(given .*LocalRateLimit\)/,
  ],
  [
    'a wrapping around what comes under another name',
    elsewhere,
    /dynamic_config must not be given \(given umbra\.chaos\)/,
  ],
] as const)
  test(`nothing else may stand in the mirror's slot: ${what}`, () => {
    assert.match(problems(extension(held, MIRROR_FILTER)).join('\n'), said);
  });

test('what a wrapping asks for by name must be there', () => {
  assert.match(
    problems(extension(elsewhere)).join(),
    /\(ExecuteFilterAction\)\.dynamic_config\.name must name an extension/,
  );
});
