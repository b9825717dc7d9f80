/**
 * Configuration of the two filters: types, validation by the rules the modules themselves apply, and the Envoy resource
 * around them. Pure: no I/O, no clock. docs/filters.md is the page for people.
 */
import { checkChaos } from './config-chaos.ts';
import { checkMirror } from './config-mirror.ts';

export type {
  Abort,
  ChaosConfig,
  ChaosFault,
  Delay,
  Exception,
  Match,
  Mutate,
  MutationKind,
  MutationPart,
} from './config-chaos.ts';
export { isFixedHeader, mutationKinds, mutationParts } from './config-chaos.ts';
export type { MirrorConfig, MirrorRoute, RedactConfig } from './config-mirror.ts';

export type FilterRole = 'mirror' | 'chaos';

/** Every problem as `path: rule`; empty = the module accepts it. */
export function validateMirror(config: unknown): string[] {
  return checkMirror(config);
}

/** Every problem as `path: rule`; empty = the module accepts it. */
export function validateChaos(config: unknown): string[] {
  return checkChaos(config);
}

/**
 * What each module may call and be called for. Envoy applies one list to both directions: a callback that is not listed is
 * never called, and the filter is silently inert.
 */
export const mirrorCapabilities = [
  'proxy_on_context_create',
  'proxy_on_configure',
  'proxy_on_tick',
  'proxy_on_request_headers',
  'proxy_on_request_body',
  'proxy_on_request_trailers',
  'proxy_on_response_headers',
  'proxy_on_response_body',
  'proxy_on_response_trailers',
  'proxy_on_http_call_response',
  'proxy_on_delete',
  'proxy_log',
  'proxy_get_buffer_bytes',
  'proxy_get_header_map_value',
  'proxy_get_header_map_pairs',
  'proxy_http_call',
  'proxy_define_metric',
  'proxy_increment_metric',
  'proxy_record_metric',
  'proxy_set_tick_period_milliseconds',
  'clock_time_get',
] as const;

export const chaosCapabilities = [
  'proxy_on_context_create',
  'proxy_on_configure',
  'proxy_on_tick',
  'proxy_on_request_headers',
  'proxy_on_request_body',
  'proxy_on_request_trailers',
  'proxy_on_response_headers',
  'proxy_on_response_body',
  'proxy_on_response_trailers',
  'proxy_on_delete',
  'proxy_log',
  'proxy_get_buffer_bytes',
  'proxy_set_buffer_bytes',
  'proxy_get_header_map_value',
  'proxy_get_header_map_pairs',
  'proxy_add_header_map_value',
  'proxy_replace_header_map_value',
  'proxy_remove_header_map_value',
  'proxy_send_local_response',
  'proxy_continue_stream',
  'proxy_close_stream',
  'proxy_define_metric',
  'proxy_increment_metric',
  'proxy_set_tick_period_milliseconds',
  'proxy_set_effective_context',
  'proxy_get_current_time_nanoseconds',
  'clock_time_get',
] as const;

const capabilities = { mirror: mirrorCapabilities, chaos: chaosCapabilities } as const;

export const WASM_FILTER_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/**
 * The typed configuration of `envoy.filters.http.wasm` in protobuf JSON, as ECDS and static configurations take it.
 * One `vm_id` per role, so that all configurations of a role share one VM per worker: changing it leaks (istio#27671).
 * `fail_open` is deprecated, but `failure_policy: FAIL_OPEN` answers 503 to streams in flight when a module traps.
 *
 * @param wasmPath absolute path of the module, readable by Envoy
 * @param configJson the filter's configuration as JSON text; validate it first
 */
export function wasmFilterConfig(role: FilterRole, wasmPath: string, configJson: string): Record<string, unknown> {
  return {
    '@type': WASM_FILTER_TYPE,
    config: {
      name: `umbra_${role}`,
      root_id: `umbra_${role}`,
      fail_open: true,
      // Chaos holds headers back until the body is changed; mirror never holds anything back.
      ...(role === 'chaos' ? { allow_on_headers_stop_iteration: true } : {}),
      capability_restriction_config: {
        allowed_capabilities: Object.fromEntries(capabilities[role].map((c) => [c, {}])),
      },
      vm_config: {
        vm_id: `umbra_${role}`,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: wasmPath } },
      },
      configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configJson },
    },
  };
}

/** A chaos configuration that injects nothing: what the shadow's sidecars start with. */
export const noFaults = { generation: 0, faults: [] } as const;
