import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EdgeSettings } from '../mesh/settings.ts';
import type { Edge, Service } from '../mesh/topology.ts';
import { BANDWIDTH, bandwidthOf, RATE_LIMIT, rateLimitOf, switchedOff } from './http-filters.ts';
import { duration, pack } from './messages.ts';
import { CALLER_HEADER, IDEMPOTENCY_HEADER, INBOUND, outbound } from './names.ts';
import { HeaderValueOption_HeaderAppendAction as Append } from './protos/gen/envoy/config/core/v3/base_pb.js';
import type {
  RetryPolicySchema,
  RouteActionSchema,
  RouteMatchSchema,
  RouteSchema,
} from './protos/gen/envoy/config/route/v3/route_components_pb.js';
import type { RouteConfigurationSchema } from './protos/gen/envoy/config/route/v3/route_pb.js';
import { PreviousHostsPredicateSchema } from './protos/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { ROUTE_STAT_PREFIX } from './stats.ts';

type RouteInit = MessageInitShape<typeof RouteSchema>;
type Match = MessageInitShape<typeof RouteMatchSchema>;
type RouteConfig = MessageInitShape<typeof RouteConfigurationSchema> & { name: string };

/** Envoy's default: a back-off never exceeds ten times its base. */
const MOST_BACKOFF = 10;
/**
 * The second line is of gRPC statuses, where the answer has nothing else: 5xx in its words, as far as Envoy knows conditions
 * for them.
 */
const RETRIED = [
  ...['5xx', 'reset', 'connect-failure', 'refused-stream'],
  ...['deadline-exceeded', 'internal', 'unavailable'],
].join(',');
/**
 * How often Envoy picks again when it picked a replica that was tried already; after that it takes what it picked
 * (`host_selection_retry_max_attempts`). Picks are independent, so of two replicas the failing one is tried again by
 * one retry in 2^(n+1): one in 16 with three, one in 1,024 with nine.
 */
const OTHER_REPLICA_PICKS = 9n;
const SAFE_METHODS = '^(GET|HEAD|OPTIONS)$';

export interface EdgeRoutes {
  /** Name of the route configuration. */
  readonly name: string;
  readonly edge: Edge;
  readonly callee: Service;
  readonly settings: EdgeSettings;
  /** Limits over all callers are divided by it. */
  readonly callerReplicas: number;
  /** Never rate-limited; empty for all but the entry. */
  readonly protectedPrefixes: readonly string[];
}

/** Worst total of `attempts` fully jittered exponential back-offs, ms. */
export function backoffTotal(attempts: number, baseMs: number): number {
  let total = 0;
  for (let i = 1; i <= attempts; i++) total += Math.min((2 ** i - 1) * baseMs, MOST_BACKOFF * baseMs);
  return total;
}

/** Envoy takes 0 for no time-out at all. */
const timeoutOf = (settings: EdgeSettings): number => Math.max(1, settings.timeoutMs);

function retryPolicy(settings: EdgeSettings): MessageInitShape<typeof RetryPolicySchema> {
  const { attempts, backoffMs } = settings.retry;
  return {
    retryOn: RETRIED,
    numRetries: attempts,
    perTryTimeout: duration(timeoutOf(settings)),
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { case: 'typedConfig', value: pack(PreviousHostsPredicateSchema, {}) },
      },
    ],
    hostSelectionRetryMaxAttempts: OTHER_REPLICA_PICKS,
    retryBackOff: {
      baseInterval: duration(Math.max(1, backoffMs)),
      maxInterval: duration(Math.max(1, backoffMs) * MOST_BACKOFF),
    },
  };
}

/** Where requests go: to the callee, or in part to its redundant service. */
function target(input: EdgeRoutes, safe: boolean): MessageInitShape<typeof RouteActionSchema>['clusterSpecifier'] {
  const { callee, settings } = input;
  const share = safe || callee.failoverWrites ? settings.failoverShare : 0;
  const percent = callee.failover === undefined ? 0 : Math.round(Math.min(1, Math.max(0, share)) * 100);
  if (percent === 0 || callee.failover === undefined) return { case: 'cluster', value: outbound(callee.id) };
  const clusters = [
    { name: outbound(callee.failover), weight: percent },
    { name: outbound(callee.id), weight: 100 - percent },
  ];
  return { case: 'weightedClusters', value: { clusters } };
}

/** @param safe the request may be sent twice, and anywhere */
function route(input: EdgeRoutes, match: Match, safe: boolean, retriable: boolean, exempt = false): RouteInit {
  const { settings } = input;
  const retries = retriable ? settings.retry.attempts : 0;
  const total = timeoutOf(settings) * (1 + retries) + backoffTotal(retries, settings.retry.backoffMs);
  return {
    match,
    statPrefix: ROUTE_STAT_PREFIX,
    action: {
      case: 'route',
      value: {
        clusterSpecifier: target(input, safe),
        timeout: duration(total),
        ...(retries > 0 ? { retryPolicy: retryPolicy(settings) } : {}),
      },
    },
    ...(exempt ? { typedPerFilterConfig: { [RATE_LIMIT]: switchedOff() } } : {}),
  };
}

const any: Match['pathSpecifier'] = { case: 'prefix', value: '/' };

/** Routes below one path prefix: requests that may be sent twice first, then the rest. */
function routesUnder(input: EdgeRoutes, path: Match['pathSpecifier'], exempt: boolean): RouteInit[] {
  const { idempotent } = input.edge;
  if (idempotent === 'all') return [route(input, { pathSpecifier: path }, true, true, exempt)];
  const safeMethod: Match = {
    pathSpecifier: path,
    headers: [
      {
        name: ':method',
        headerMatchSpecifier: {
          case: 'stringMatch',
          value: { matchPattern: { case: 'safeRegex', value: { regex: SAFE_METHODS } } },
        },
      },
    ],
  };
  const rest = route(input, { pathSpecifier: path }, false, false, exempt);
  if (idempotent === 'none') return [route(input, safeMethod, true, false, exempt), rest];
  const keyed: Match = {
    pathSpecifier: path,
    headers: [{ name: IDEMPOTENCY_HEADER, headerMatchSpecifier: { case: 'presentMatch', value: true } }],
  };
  // A keyed write may be repeated at the same service; elsewhere its key is not known.
  return [route(input, safeMethod, true, true, exempt), route(input, keyed, false, true, exempt), rest];
}

/** The route configuration of one edge in its caller's proxy. */
export function edgeRoutes(input: EdgeRoutes): RouteConfig {
  const { settings } = input;
  const limit = settings.rateLimit;
  return {
    name: input.name,
    virtualHosts: [
      {
        name: input.name,
        domains: ['*'],
        routes: [
          ...input.protectedPrefixes.flatMap((prefix) => routesUnder(input, { case: 'prefix', value: prefix }, true)),
          ...routesUnder(input, any, false),
        ],
        // On the virtual host: its routes share one bucket.
        typedPerFilterConfig:
          limit === undefined ? {} : { [RATE_LIMIT]: rateLimitOf(limit / Math.max(1, input.callerReplicas)) },
      },
    ],
    requestHeadersToAdd: [
      { header: { key: CALLER_HEADER, value: input.edge.caller }, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD },
    ],
  };
}

/**
 * From a sidecar to its application; the caller's time-out governs.
 * @param kib bandwidth limit in KiB/s while a fault asks for one
 */
export function inboundRoutes(kib: number | undefined): RouteConfig {
  return {
    name: INBOUND,
    virtualHosts: [
      {
        name: INBOUND,
        domains: ['*'],
        routes: [
          {
            match: { pathSpecifier: any },
            action: {
              case: 'route',
              value: { clusterSpecifier: { case: 'cluster', value: INBOUND }, timeout: duration(0) },
            },
          },
        ],
        typedPerFilterConfig: kib === undefined ? {} : { [BANDWIDTH]: bandwidthOf(kib) },
      },
    ],
  };
}
