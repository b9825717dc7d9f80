import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ClusterStatsSchema } from '../envoy/protos/gen/envoy/config/endpoint/v3/load_report_pb.js';
import { clusterLoad } from './load-reports.ts';

const figures = (issued: number, errors: number) => ({
  totalIssuedRequests: BigInt(issued),
  totalSuccessfulRequests: BigInt(issued - errors - 1),
  totalErrorRequests: BigInt(errors),
  totalRequestsInProgress: 1n,
});

test('a cluster’s figures are those of its localities together', () => {
  const read = clusterLoad(
    create(ClusterStatsSchema, {
      clusterName: 'cart',
      clusterServiceName: 'cart.eds',
      loadReportInterval: { seconds: 2n, nanos: 500_000_000 },
      totalDroppedRequests: 5n,
      droppedRequests: [{ category: 'overload', droppedCount: 3n }],
      upstreamLocalityStats: [
        {
          locality: { region: 'r', zone: 'a' },
          priority: 1,
          ...figures(10, 2),
          upstreamEndpointStats: [
            {
              address: {
                address: {
                  case: 'socketAddress',
                  value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: 80 } },
                },
              },
              ...figures(10, 2),
            },
            { address: { address: { case: 'pipe', value: { path: '/s' } } }, ...figures(1, 0) },
          ],
        },
        { locality: { region: 'r', zone: 'b' }, ...figures(4, 1) },
      ],
    }),
  );
  const { localities, ...own } = read;
  assert.deepEqual(own, {
    cluster: 'cart',
    service: 'cart.eds',
    intervalMs: 2500,
    issued: 14,
    successful: 9,
    errors: 3,
    inProgress: 2,
    dropped: 5,
    droppedBy: { overload: 3 },
  });
  assert.deepEqual(
    localities.map((l) => [l.zone, l.priority, l.issued, l.endpoints.map((e) => [e.address, e.issued])]),
    [
      [
        'a',
        1,
        10,
        [
          ['127.0.0.1:80', 10],
          ['/s', 1],
        ],
      ],
      ['b', 0, 4, []],
    ],
  );
});
