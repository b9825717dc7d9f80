import { create } from '@bufbuild/protobuf';
import type { ServerReadableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  type StreamMetricsMessage,
  type StreamMetricsResponse,
  StreamMetricsResponseSchema,
} from '../envoy/protos/gen/envoy/service/metrics/v3/metrics_service_pb.js';
import type { Clock } from '../mesh/clock.ts';
import { type Report, readReport } from './report.ts';

type Stream = ServerReadableStream<StreamMetricsMessage, StreamMetricsResponse>;

/**
 * Envoy's metrics service: a proxy names itself in its stream's first message and pushes from then on without an answer.
 * A push that comes before a name is passed over.
 */
export function metricsSink(
  receive: (nodeId: string, report: Report) => void,
  clock: Clock,
): UntypedServiceImplementation {
  return {
    streamMetrics(stream: Stream, done: (error: null, answer: StreamMetricsResponse) => void): void {
      let nodeId: string | undefined;
      stream.on('data', (message: StreamMetricsMessage) => {
        nodeId = message.identifier?.node?.id || nodeId;
        if (nodeId) receive(nodeId, readReport(message.envoyMetrics, clock.now()));
      });
      // A stream that breaks is opened anew by its proxy.
      stream.on('error', () => {});
      stream.on('end', () => done(null, create(StreamMetricsResponseSchema)));
    },
  };
}
