import { toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { registry } from '../../control-plane/envoy/protos/registry.ts';
import { mirrorFilter } from '../../control-plane/envoy/sampled-filter.ts';
import {
  type ChaosFault,
  type MirrorConfig,
  validateChaos,
  validateMirror,
  wasmFilterConfig,
} from '../../filters/config.ts';
import { modulePath } from '../../test/filters/modules.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.filters.http';

/** A filter as a listener's configuration has it. */
export type HttpFilter = Record<string, unknown>;

export const mirrorConfig = (change: Partial<MirrorConfig>): MirrorConfig => ({
  generation: 1,
  cluster: 'shadow',
  percent: 100,
  pseudonymKey: '00112233445566778899aabbccddeeff',
  maxInFlight: 4096,
  ...change,
});

function checked(problems: string[]): void {
  if (problems.length > 0) throw new Error(`a wrong configuration in the bench: ${problems.join('; ')}`);
}

/** The mirror as the control plane builds it: where it is sampled by weight alone, Envoy samples before the module is entered. */
export function mirror(change: Partial<MirrorConfig>): HttpFilter {
  const filter = mirrorFilter(modulePath('mirror'), mirrorConfig(change));
  return { name: 'mirror', typed_config: toJson(AnySchema, filter, { registry: registry() }) };
}

/** The mirror's module alone, which samples itself. */
export function bareMirror(change: Partial<MirrorConfig>): HttpFilter {
  const config = mirrorConfig(change);
  checked(validateMirror(config));
  return { name: 'mirror', typed_config: wasmFilterConfig('mirror', modulePath('mirror'), JSON.stringify(config)) };
}

/** Ours, in the form the control plane gives it. */
export function chaos(fault: Partial<ChaosFault>): HttpFilter {
  const config = { generation: 1, faults: [{ id: 'bench', expiresAtMs: Date.now() + 86_400_000, seed: 7, ...fault }] };
  checked(validateChaos(config));
  return { name: 'chaos', typed_config: wasmFilterConfig('chaos', modulePath('chaos'), JSON.stringify(config)) };
}

/** Any module, configured by JSON, all of one name in one VM. */
export function wasm(name: string, path: string, config: object): HttpFilter {
  return {
    name,
    typed_config: {
      '@type': `${TYPES}.wasm.v3.Wasm`,
      config: {
        name,
        root_id: name,
        vm_config: { vm_id: name, runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: path } } },
        configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: JSON.stringify(config) },
      },
    },
  };
}

export const lua = (source: string): HttpFilter => ({
  name: 'lua',
  typed_config: { '@type': `${TYPES}.lua.v3.Lua`, default_source_code: { inline_string: source } },
});

/** Envoy's own fault filter. */
export const nativeFault = (fault: object): HttpFilter => ({
  name: 'fault',
  typed_config: { '@type': `${TYPES}.fault.v3.HTTPFault`, ...fault },
});

/** Envoy's own fault filter with an abort for requests that have a header ours have not. */
export const nativeFaultUnmatched = nativeFault({
  abort: { http_status: 503, percentage: { numerator: 100 } },
  headers: [{ name: 'x-canary', string_match: { exact: 'yes' } }],
});

/** Envoy's own header mutation: adds one header, and decides nothing. */
export const nativeHeader: HttpFilter = {
  name: 'header_mutation',
  typed_config: {
    '@type': `${TYPES}.header_mutation.v3.HeaderMutation`,
    mutations: { request_mutations: [{ append: { header: { key: 'x-tier', value: 'stable' } } }] },
  },
};
