import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type FilterRole, validateChaos, validateMirror, wasmFilterConfig } from '../../filters/config.ts';
import { describeTextProblem, problemsIn } from '../../filters/config-text.ts';
import { UmbraError } from '../mesh/errors.ts';
import { pack } from './messages.ts';
import { WasmSchema } from './protos/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
import { registry } from './protos/registry.ts';

/**
 * One of Umbra's filters, as Envoy takes it.
 * @param path the module's, absolute
 * @throws UmbraError UMB0301 for a configuration that the module would refuse, with the line and the reason
 */
export function wasmFilter(role: FilterRole, path: string, config: object): Any {
  // In lines, so that one of them can be named here and found in a proxy's configuration dump.
  const text = JSON.stringify(config, null, 1);
  const wrong = role === 'chaos' ? validateChaos(config) : validateMirror(config);
  if (wrong.length > 0)
    throw new UmbraError(
      'UMB0301',
      `configuration of ${role}: ${problemsIn(role, text).map(describeTextProblem).join('; ')}`,
    );
  const { '@type': _, ...fields } = wasmFilterConfig(role, path, text);
  return pack(WasmSchema, fromJson(WasmSchema, fields as JsonValue, { registry: registry() }));
}
