import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../mesh/fault.ts';
import { edge, service, topologyOf } from '../../mesh/testing/topology.ts';
import { impossible, operationOf } from './fault-operation.ts';
import type { FaultOperation, WorldCapabilities } from './protocol.ts';

const fault = (kind: Fault['kind'], magnitude: number, target: Fault['target'] = { service: 'api' }): Fault => ({
  kind,
  target,
  magnitude,
  share: 0.5,
  durationMs: 1000,
  seed: 1,
});
const topology = topologyOf(
  [service('api'), service('cart'), service('pay', { external: true })],
  [edge('ingress', 'api')],
);
const all: WorldCapabilities = { netfilter: true, process: true, cgroup: true, mock: true, users: true };

const table: [Fault, FaultOperation | undefined][] = [
  [fault('packet-loss', 1), { kind: 'packet-loss', service: 'api', loss: 0.5 }],
  [fault('outage', 0.4), { kind: 'outage', service: 'api', mode: 'stop', share: 0.5 }],
  [
    fault('outage', 0.5, { service: 'api', replica: 1 }),
    { kind: 'outage', service: 'api', replica: 1, mode: 'kill', share: 0.5 },
  ],
  [fault('cpu', 2), { kind: 'cpu', service: 'api', taken: 0.95 }],
  [fault('memory', -1), { kind: 'memory', service: 'api', closeness: 0 }],
  [
    fault('dependency', 0.25, { service: 'pay' }),
    { kind: 'dependency', service: 'pay', mode: 'slow', delayMs: 2000, share: 0.5 },
  ],
  [
    fault('dependency', 0.9, { edge: 'api>pay' }),
    { kind: 'dependency', service: 'pay', mode: 'fail', delayMs: 0, share: 0.5 },
  ],
  [fault('latency', 1), undefined],
  [fault('abort', 1), undefined],
];
for (const [given, expected] of table)
  test(`${given.kind} of ${given.magnitude} is ${expected ? JSON.stringify(expected) : 'the proxies’'}`, () =>
    assert.deepEqual(operationOf(given), expected));

test('load is so many times what enters now', () =>
  assert.deepEqual(operationOf(fault('load', 0.5), 20), { kind: 'load', service: 'api', rate: 80 }));

test('what a shadow cannot do is said with its reason', () => {
  assert.equal(impossible(fault('cpu', 1), topology, all), undefined);
  assert.equal(impossible(fault('cpu', 1), topology, { ...all, cgroup: 'no root' }), 'no root');
  assert.match(impossible(fault('latency', 1, { service: 'pay' }), topology, all) ?? '', /mock/);
  assert.match(impossible(fault('dependency', 1), topology, all) ?? '', /not outside/);
  assert.equal(impossible(fault('load', 1), topology, all), undefined);
  assert.match(impossible(fault('load', 1, { service: 'cart' }), topology, all) ?? '', /users enter at api/);
  assert.match(impossible(fault('cpu', 1, { service: 'x' }), topology, all) ?? '', /x is not a service/);
});
