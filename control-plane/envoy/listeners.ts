import type { MessageInitShape } from '@bufbuild/protobuf';
import { goodCounters } from './access-log.ts';
import { admissionControl, bandwidth, type HttpFilter, rateLimit, router, slot, tap } from './http-filters.ts';
import { address, fromAds, pack } from './messages.ts';
import { CHAOS_FILTER, INBOUND, INGRESS_ROUTES, MIRROR_FILTER, outbound } from './names.ts';
import type { Address } from './node.ts';
import type { ListenerSchema } from './protos/gen/envoy/config/listener/v3/listener_pb.js';
import { ExtensionWithMatcherSchema } from './protos/gen/envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import {
  type HttpConnectionManagerSchema as Hcm,
  HttpConnectionManagerSchema,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from './protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';

type ListenerInit = MessageInitShape<typeof ListenerSchema> & { name: string };

function httpListener(
  name: string,
  listen: Address,
  filters: HttpFilter[],
  rest: MessageInitShape<typeof Hcm> = {},
): ListenerInit {
  return {
    name,
    address: address(listen),
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: {
              case: 'typedConfig',
              value: pack(HttpConnectionManagerSchema, {
                statPrefix: name,
                routeSpecifier: { case: 'rds', value: { configSource: fromAds, routeConfigName: name } },
                httpFilters: [...filters, router()],
                serverHeaderTransformation: ServerHeader.PASS_THROUGH,
                upgradeConfigs: [{ upgradeType: 'websocket' }],
                ...rest,
              }),
            },
          },
        ],
      },
    ],
  };
}

/** Counts an edge's answers: an upgrade when it is granted, not when its connection ends. */
const counting = (...edge: Parameters<typeof goodCounters>) => ({
  accessLog: goodCounters(...edge),
  accessLogOptions: { flushLogOnTunnelSuccessfullyEstablished: true },
});

export interface EdgeListener {
  readonly callee: string;
  readonly listen: Address;
  readonly sloMs: number;
  /** Where a share of the answers is kept, for an external callee in production. */
  readonly samples?: { readonly pathPrefix: string; readonly percent: number };
}

/** One plain HTTP listener per callee, for the application beside this sidecar. */
export function outboundListener({ callee, listen, sloMs, samples }: EdgeListener): ListenerInit {
  const name = outbound(callee);
  return httpListener(
    name,
    listen,
    [...(samples ? [tap(samples.pathPrefix, samples.percent)] : []), rateLimit(), admissionControl(name)],
    counting(name, sloMs, []),
  );
}

/** Where callers' sidecars arrive. In the shadow, faults act here: the one place where a caller's retries see them as real. */
export function inboundListener(listen: Address, shadow: boolean): ListenerInit {
  return httpListener(INBOUND, listen, shadow ? [slot(CHAOS_FILTER), bandwidth()] : []);
}

/** Where users enter. Production's carries the mirror, before anything that may refuse: the shadow gets what was offered. */
export function ingressListener(
  listen: Address,
  shadow: boolean,
  sloMs: number,
  protectedPrefixes: readonly string[],
): ListenerInit {
  const name = INGRESS_ROUTES;
  const mirror = shadow ? [] : [slot(MIRROR_FILTER, ExtensionWithMatcherSchema)];
  return httpListener(name, listen, [...mirror, rateLimit(), admissionControl(name)], {
    ...counting(name, sloMs, protectedPrefixes),
    normalizePath: true,
    mergeSlashes: true,
    // A Unix socket has no remote address to use.
    ...('pipe' in listen ? {} : { useRemoteAddress: true }),
  });
}
