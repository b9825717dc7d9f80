/**
 * The mirror behind Envoy's own sampling. Entering a WebAssembly module costs more than what the mirror does there with a request
 * that is not sampled, so Envoy hands over only what may have to be copied: the module is wrapped in Envoy's composite filter,
 * whose matcher looks at method, path and headers, and whose action has a `sample_percent`. The module decides about the rest.
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
import { anyOf, type Predicate, routePredicate } from './route-predicate.ts';
import { wasmFilter } from './wasm-filter.ts';

const MILLION = 1_000_000;

/** The largest share, 0..100, of any route and of the requests of none. */
function largestPercent({ percent, routes = [] }: MirrorConfig): number {
  return Math.max(percent, ...routes.map((route) => route.percent ?? percent));
}

/**
 * The share of requests, 0..1, that Envoy draws: the largest there is, so that the module needs to draw only what is left of the
 * others. A session is copied whole or not at all, which is for the module to tell.
 */
function drawnShare(config: MirrorConfig): number {
  const largest = largestPercent(config);
  return config.session === undefined || largest === 0 ? largest / 100 : 1;
}

/** What a request must be like to be copied at all; undefined if nothing of the kind is known. */
function gate({ percent, routes = [] }: MirrorConfig): Predicate | undefined {
  const open = routes.filter((route) => (route.percent ?? percent) > 0);
  if (percent > 0 || open.length === 0) return undefined;
  const predicates = open.map(routePredicate);
  return predicates.every((p) => p !== undefined) ? anyOf(predicates) : undefined;
}

/**
 * The share of requests, 0..1, that Envoy hands to the filter: less than 1 where it draws, and 0, because nothing is known of it,
 * where it looks at the requests.
 */
export function handedShare(config: MirrorConfig): number {
  return gate(config) ? 0 : drawnShare(config);
}

/** The configuration of a module that is handed the largest share of all requests: it draws what is left of the others. */
function rest(config: MirrorConfig): MirrorConfig {
  const largest = largestPercent(config);
  const left = (percent: number) => (percent === largest ? 100 : (percent * 100) / largest);
  return {
    ...config,
    percent: left(config.percent),
    ...(config.routes && {
      routes: config.routes.map((r) => (r.percent === undefined ? r : { ...r, percent: left(r.percent) })),
    }),
  };
}

/** Hands a filter so many millionths of the requests that a predicate is true of; without one, of all. */
function sampled(name: string, filter: Any, millionths: number, predicate: Predicate | undefined): Any {
  const action = pack(ExecuteFilterActionSchema, {
    typedConfig: { name, typedConfig: filter },
    samplePercent: { defaultValue: { numerator: millionths, denominator: Denominator.MILLION } },
  });
  const onMatch = { onMatch: { case: 'action' as const, value: { name: 'sampled', typedConfig: action } } };
  return pack(ExtensionWithMatcherSchema, {
    extensionConfig: { name: 'composite', typedConfig: pack(CompositeSchema, {}) },
    xdsMatcher: predicate
      ? { matcherType: { case: 'matcherList', value: { matchers: [{ predicate, onMatch }] } } }
      : { onNoMatch: onMatch },
  });
}

/**
 * What the mirror's slot holds: the module, or Envoy's sampling with the module in it.
 * @param path the module's, absolute
 * @throws UmbraError UMB0301 for a configuration that the module would refuse
 */
export function mirrorFilter(path: string, config: MirrorConfig): Any {
  const alone = wasmFilter('mirror', path, config);
  const share = drawnShare(config);
  const predicate = gate(config);
  if (share === 1 && !predicate) return alone;
  // At least one in a million, if any.
  const millionths = share > 0 ? Math.max(1, Math.round(share * MILLION)) : 0;
  const module = share === 0 || share === 1 ? alone : wasmFilter('mirror', path, rest(config));
  return sampled(MIRROR_FILTER, module, millionths, predicate);
}
