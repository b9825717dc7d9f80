/**
 * Good is joint in status and duration, so it is counted where both are known: by an access logger that counts, behind
 * filters. A failed answer is one with a status of 500 or more, with 429 (shed here or further down), or with none at all; of
 * a gRPC call also one whose gRPC status says so, or that has none. An upgrade is answered when it is granted: how long
 * its connection stands, and how it ends, is no matter of the answer.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { GRPC_CONTENT_TYPE, soundGrpc } from './grpc-status.ts';
import { pack } from './messages.ts';
import { keys } from './names.ts';
import {
  type AccessLogFilterSchema,
  type AccessLogSchema,
  ComparisonFilter_Op as Op,
} from './protos/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { AccessLogType } from './protos/gen/envoy/data/accesslog/v3/accesslog_pb.js';
import { ConfigSchema as StatsLoggerSchema } from './protos/gen/envoy/extensions/access_loggers/stats/v3/stats_pb.js';
import { counted, GOOD_SCOPE, labels } from './stats.ts';

type Filter = MessageInitShape<typeof AccessLogFilterSchema>;

const status = (op: Op, value: number): Filter => ({
  filterSpecifier: {
    case: 'statusCodeFilter',
    value: { comparison: { op, value: { defaultValue: value, runtimeKey: 'umbra.none' } } },
  },
});
const within = (ms: number, key: string): Filter => ({
  filterSpecifier: {
    case: 'durationFilter',
    value: { comparison: { op: Op.LE, value: { defaultValue: Math.round(ms), runtimeKey: key } } },
  },
});
const and = (...filters: Filter[]): Filter => ({ filterSpecifier: { case: 'andFilter', value: { filters } } });
const or = (...filters: Filter[]): Filter =>
  filters.length === 1 ? filters[0]! : { filterSpecifier: { case: 'orFilter', value: { filters } } };
const pathPrefix = (prefix: string): Filter => ({
  filterSpecifier: {
    case: 'headerFilter',
    value: {
      header: {
        name: ':path',
        headerMatchSpecifier: {
          case: 'stringMatch',
          value: { matchPattern: { case: 'prefix', value: prefix } },
        },
      },
    },
  },
});

function counter(prefix: string, name: string, filter: Filter, tags: { name: string; valueFormat: string }[] = []) {
  return {
    name: 'envoy.access_loggers.stats',
    filter,
    configType: {
      case: 'typedConfig',
      value: pack(StatsLoggerSchema, {
        statsScope: { prefix: `${GOOD_SCOPE}.${prefix}` },
        counters: [{ stat: { name, tags }, valueFixed: 1n }],
      }),
    },
  } satisfies MessageInitShape<typeof AccessLogSchema>;
}

const isGrpc = (is: boolean): Filter => ({
  filterSpecifier: {
    case: 'headerFilter',
    value: {
      header: {
        name: 'content-type',
        headerMatchSpecifier: {
          case: 'stringMatch',
          value: { matchPattern: { case: 'safeRegex', value: { regex: GRPC_CONTENT_TYPE } } },
        },
        invertMatch: !is,
        treatMissingHeaderAsEmpty: true,
      },
    },
  },
});
/** Where there is no status at all, Envoy takes it from the HTTP status, and 200 alone for UNKNOWN. */
const sound = (is: boolean): Filter => ({
  filterSpecifier: { case: 'grpcStatusFilter', value: { statuses: [...soundGrpc], exclude: !is } },
});

/** A granted upgrade is logged twice, when it is granted and when its connection ends: the first is its answer. */
const upgraded = and(status(Op.EQ, 101), {
  filterSpecifier: {
    case: 'logTypeFilter',
    value: { types: [AccessLogType.DownstreamTunnelSuccessfullyEstablished] },
  },
});
const answered = or(status(Op.LE, 100), upgraded, status(Op.GE, 102));

const failed = or(status(Op.GE, 500), status(Op.EQ, 429), status(Op.EQ, 0), and(isGrpc(true), sound(false)));
const succeeded = and(
  or(upgraded, and(status(Op.GE, 200), status(Op.LE, 428)), and(status(Op.GE, 430), status(Op.LE, 499))),
  or(isGrpc(false), sound(true)),
);

/**
 * Counters of good and failed answers of one edge, the failed ones by response flags.
 * @param prefix the edge's name in this proxy ({@link outbound}, or the ingress)
 * @param sloMs a good answer took no longer
 * @param protectedPrefixes paths counted apart as well; empty for all but the entry
 */
export function goodCounters(
  prefix: string,
  sloMs: number,
  protectedPrefixes: readonly string[],
): MessageInitShape<typeof AccessLogSchema>[] {
  const good = and(succeeded, within(sloMs, keys.goodWithin(prefix)));
  const loggers = [
    counter(prefix, counted.good, good),
    counter(prefix, counted.failed, failed, [{ name: labels.flags, valueFormat: '%RESPONSE_FLAGS%' }]),
  ];
  if (protectedPrefixes.length > 0) {
    const isProtected = and(answered, or(...protectedPrefixes.map(pathPrefix)));
    loggers.push(
      counter(prefix, counted.protectedOffered, isProtected),
      counter(prefix, counted.protectedGood, and(isProtected, good)),
    );
  }
  return loggers;
}
