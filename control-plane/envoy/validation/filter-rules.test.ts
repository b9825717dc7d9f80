import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { type FilterRole, wasmFilterConfig } from '../../../filters/config.ts';
import type { Resource } from '../../xds/resource.ts';
import { pack, typeUrl } from '../messages.ts';
import { TypedExtensionConfigSchema } from '../protos/gen/envoy/config/core/v3/extension_pb.js';
import { WasmSchema } from '../protos/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
import { registry } from '../protos/registry.ts';
import { describeProblem, validate } from './index.ts';

/** A filter's resource as ECDS carries it, whatever its configuration. */
function filter(role: FilterRole, configuration: JsonValue | undefined, rootId = `umbra_${role}`): Resource {
  const fields = wasmFilterConfig(role, '/module.wasm', '') as { config: Record<string, unknown> };
  const config = { ...fields.config, root_id: rootId, configuration };
  if (configuration === undefined) delete config.configuration;
  const typedConfig = pack(WasmSchema, fromJson(WasmSchema, { config } as JsonValue, { registry: registry() }));
  const body = toBinary(
    TypedExtensionConfigSchema,
    create(TypedExtensionConfigSchema, { name: 'umbra.filter', typedConfig }),
  );
  return { typeUrl: typeUrl(TypedExtensionConfigSchema), name: 'umbra.filter', version: '1', body, scope: 'any' };
}
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
