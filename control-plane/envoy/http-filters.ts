import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { WASM_FILTER_TYPE } from '../../filters/config.ts';
import { below500Grpc } from './grpc-status.ts';
import { duration, fromAds, pack, typeUrl } from './messages.ts';
import { keys } from './names.ts';
import { FilterConfigSchema } from './protos/gen/envoy/config/route/v3/route_components_pb.js';
import { OutputSink_Format } from './protos/gen/envoy/config/tap/v3/common_pb.js';
import { AdmissionControlSchema } from './protos/gen/envoy/extensions/filters/http/admission_control/v3/admission_control_pb.js';
import {
  BandwidthLimit_EnableMode,
  BandwidthLimitSchema,
} from './protos/gen/envoy/extensions/filters/http/bandwidth_limit/v3/bandwidth_limit_pb.js';
import { LocalRateLimitSchema } from './protos/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { RouterSchema } from './protos/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { TapSchema } from './protos/gen/envoy/extensions/filters/http/tap/v3/tap_pb.js';
import type { HttpFilterSchema } from './protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { FractionalPercent_DenominatorType as Denominator } from './protos/gen/envoy/type/v3/percent_pb.js';

export type HttpFilter = MessageInitShape<typeof HttpFilterSchema>;

export const RATE_LIMIT = 'envoy.filters.http.local_ratelimit';
export const BANDWIDTH = 'envoy.filters.http.bandwidth_limit';

/** A configuration that does nothing: what an extension slot holds while its filter is not wanted. */
export const noOp = () => pack(LocalRateLimitSchema, { statPrefix: 'none' });

/**
 * A filter whose configuration comes by ECDS under its own name; until then, and if it never comes, it does nothing.
 * @param more what it may be beside a module and nothing
 */
export function slot(name: string, ...more: readonly DescMessage[]): HttpFilter {
  return {
    name,
    configType: {
      case: 'configDiscovery',
      value: {
        configSource: fromAds,
        defaultConfig: noOp(),
        typeUrls: [WASM_FILTER_TYPE, typeUrl(LocalRateLimitSchema), ...more.map(typeUrl)],
      },
    },
  };
}

/** Without a bucket of its own: routes bring one when a limit is in force. */
export const rateLimit = (): HttpFilter => ({
  name: RATE_LIMIT,
  configType: { case: 'typedConfig', value: pack(LocalRateLimitSchema, { statPrefix: 'edge' }) },
});

const always = {
  defaultValue: { numerator: 100, denominator: Denominator.HUNDRED },
  runtimeKey: 'umbra.none',
};

/** Requests per second: an interval between tokens has to be finite. */
const LEAST_RATE = 0.1;

/**
 * A token bucket for one proxy. It refills continuously; its burst is half a second's worth.
 * @param perSecond requests per second; at least one in ten seconds is let through
 */
export function rateLimitOf(perSecond: number) {
  const rate = Math.max(LEAST_RATE, perSecond);
  const tokens = Math.max(1, Math.round(rate));
  return pack(LocalRateLimitSchema, {
    statPrefix: 'edge',
    tokenBucket: {
      maxTokens: Math.max(1, Math.ceil(rate / 2)),
      tokensPerFill: tokens,
      fillInterval: duration((tokens / rate) * 1000),
    },
    filterEnabled: always,
    filterEnforced: always,
  });
}

/** For routes that are never limited, below a virtual host that is. */
export const switchedOff = () => pack(FilterConfigSchema, { disabled: true });

/**
 * Envoy's client-side admission control, off until its runtime key is set. It refuses with probability
 * (n − s/threshold) ÷ (n + 1) over the last seconds; Envoy takes no aggression below 1, so strength is the most it refuses.
 */
export const admissionControl = (prefix: string): HttpFilter => ({
  name: 'envoy.filters.http.admission_control',
  configType: {
    case: 'typedConfig',
    value: pack(AdmissionControlSchema, {
      enabled: { defaultValue: false, runtimeKey: keys.admission(prefix) },
      evaluationCriteria: {
        case: 'successCriteria',
        value: {
          httpCriteria: { httpSuccessStatus: [{ start: 100, end: 500 }] },
          grpcCriteria: { grpcSuccessStatus: [...below500Grpc] },
        },
      },
      samplingWindow: duration(5000),
      aggression: { defaultValue: 1, runtimeKey: 'umbra.admission.aggression' },
      srThreshold: { defaultValue: { value: 95 }, runtimeKey: 'umbra.admission.threshold' },
      rpsThreshold: { defaultValue: 1, runtimeKey: 'umbra.admission.rps' },
      maxRejectionProbability: { defaultValue: { value: 80 }, runtimeKey: keys.admissionMost(prefix) },
    }),
  },
});

/** Shadow only. Limited by routes, switched by runtime, so that a layer's time to live ends it. */
export const bandwidth = (): HttpFilter => ({
  name: BANDWIDTH,
  configType: {
    case: 'typedConfig',
    value: pack(BandwidthLimitSchema, { statPrefix: 'in', enableMode: BandwidthLimit_EnableMode.DISABLED }),
  },
});

/** @param kib KiB per second, in each direction */
export const bandwidthOf = (kib: number) =>
  pack(BandwidthLimitSchema, {
    statPrefix: 'in',
    enableMode: BandwidthLimit_EnableMode.REQUEST_AND_RESPONSE,
    limitKbps: BigInt(kib),
    fillInterval: duration(50),
    runtimeEnabled: { defaultValue: false, runtimeKey: keys.bandwidth },
  });

/** Writes a share of an external service's answers to files `PREFIX_ID.json`, for the shadow's mock to answer from. */
export const tap = (pathPrefix: string, percent: number): HttpFilter => ({
  name: 'envoy.filters.http.tap',
  configType: {
    case: 'typedConfig',
    value: pack(TapSchema, {
      commonConfig: {
        configType: {
          case: 'staticConfig',
          value: {
            match: { rule: { case: 'anyMatch', value: true } },
            tapEnabled: {
              defaultValue: { numerator: Math.round(percent * 10_000), denominator: Denominator.MILLION },
              runtimeKey: 'umbra.none',
            },
            outputConfig: {
              sinks: [
                {
                  format: OutputSink_Format.JSON_BODY_AS_STRING,
                  outputSinkType: { case: 'filePerTap', value: { pathPrefix } },
                },
              ],
              maxBufferedRxBytes: 65_536,
              maxBufferedTxBytes: 65_536,
            },
          },
        },
      },
    }),
  },
});

export const router = (): HttpFilter => ({
  name: 'envoy.filters.http.router',
  configType: { case: 'typedConfig', value: pack(RouterSchema, {}) },
});
