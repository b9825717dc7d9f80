/**
 * The mirror where it is sampled by weight alone. Entering a WebAssembly module costs more than what the mirror does there with a
 * request that is not sampled, so Envoy draws the lot itself and hands over only what is to be copied: the module is wrapped in
 * Envoy's composite filter, whose action has a `sample_percent`.
 */
import type { Any } from '@bufbuild/protobuf/wkt';
import type { MirrorConfig } from '../../filters/config.ts';
import { pack } from './messages.ts';
import { MIRROR_FILTER } from './names.ts';
import { ExtensionWithMatcherSchema } from './protos/gen/envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import {
  CompositeSchema,
  ExecuteFilterActionSchema,
} from './protos/gen/envoy/extensions/filters/http/composite/v3/composite_pb.js';
import { FractionalPercent_DenominatorType as Denominator } from './protos/gen/envoy/type/v3/percent_pb.js';
import { wasmFilter } from './wasm-filter.ts';

const MILLION = 1_000_000;

/**
 * The share of requests, 0..1, that Envoy hands to the filter: less than 1 where the weight alone decides. Sessions, and routes
 * with a share of their own, are for the filter to tell apart, so it is handed everything.
 */
export function handedShare({ percent, session, routes = [] }: MirrorConfig): number {
  const alone = session === undefined && routes.every((route) => route.percent === undefined);
  return alone && percent >= 0 && percent < 100 ? percent / 100 : 1;
}

/** Hands a filter this share (0..1) of the requests; at least one in a million if any. */
function sampled(name: string, filter: Any, share: number): Any {
  const numerator = share > 0 ? Math.max(1, Math.round(share * MILLION)) : 0;
  const action = pack(ExecuteFilterActionSchema, {
    typedConfig: { name, typedConfig: filter },
    samplePercent: { defaultValue: { numerator, denominator: Denominator.MILLION } },
  });
  return pack(ExtensionWithMatcherSchema, {
    extensionConfig: { name: 'composite', typedConfig: pack(CompositeSchema, {}) },
    // A matcher that matches nothing: every request is one for the action.
    xdsMatcher: { onNoMatch: { onMatch: { case: 'action', value: { name: 'sampled', typedConfig: action } } } },
  });
}

/**
 * What the mirror's slot holds: the module, which samples, or Envoy's sampling with the module in it, which then takes all it is
 * handed.
 * @param path the module's, absolute
 * @throws UmbraError UMB0301 for a configuration that the module would refuse
 */
export function mirrorFilter(path: string, config: MirrorConfig): Any {
  const share = handedShare(config);
  if (share === 1) return wasmFilter('mirror', path, config);
  return sampled(MIRROR_FILTER, wasmFilter('mirror', path, { ...config, percent: 100 }), share);
}
