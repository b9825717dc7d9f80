import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Edge, edgeId, type Service, type Topology } from '../../../control-plane/mesh/topology.ts';
import { placeServices } from './layers.ts';

const service = (id: string, failover?: string): Service => ({
  id,
  replicas: 1,
  minReplicas: 1,
  maxReplicas: 1,
  ...(failover === undefined ? {} : { failover }),
  failoverWrites: false,
  external: false,
});
const edge = (caller: string, callee: string): Edge => ({
  id: edgeId(caller, callee),
  caller,
  callee,
  sloLatencyMs: 1,
  timeoutMs: 1,
  retries: 0,
  idempotent: 'safe',
  optional: false,
});
const topology = (services: Service[], calls: [string, string][]): Topology => ({
  application: 'x',
  services: Object.fromEntries(services.map((s) => [s.id, s])),
  edges: Object.fromEntries(calls.map(([a, b]) => [edgeId(a, b), edge(a, b)])),
  entry: calls[0] ? edgeId(...calls[0]) : 'ingress>s0',
});

test('every call of a graph without cycles points to the right, and every service has a place of its own', () => {
  const graph = fc.integer({ min: 1, max: 14 }).chain((n) =>
    fc.array(fc.tuple(fc.nat(n - 1), fc.nat(n - 1)), { maxLength: 30 }).map((pairs) => {
      const down = pairs.filter(([a, b]) => a < b).map(([a, b]): [string, string] => [`s${a}`, `s${b}`]);
      // All hang below the first, as an application's services do.
      const reach = Array.from({ length: n - 1 }, (_, i): [string, string] => ['s0', `s${i + 1}`]);
      return topology(
        Array.from({ length: n }, (_, i) => service(`s${i}`)),
        [['ingress', 's0'], ...reach, ...down],
      );
    }),
  );
  fc.assert(
    fc.property(graph, (t) => {
      const at = new Map(placeServices(t).map((p) => [p.id, p]));
      assert.equal(at.size, Object.keys(t.services).length + 1);
      for (const e of Object.values(t.edges)) assert.ok(at.get(e.caller)!.x < at.get(e.callee)!.x, e.id);
      const places = new Set([...at.values()].map((p) => `${p.x} ${p.y}`));
      assert.equal(places.size, at.size);
      for (const p of at.values()) assert.ok(p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1);
    }),
    { numRuns: 150 },
  );
});

test('a cycle ends, and what nobody reaches has a place', () => {
  const placed = placeServices(
    topology(
      [service('a'), service('b'), service('lost')],
      [
        ['ingress', 'a'],
        ['a', 'b'],
        ['b', 'a'],
      ],
    ),
  );
  assert.deepEqual(placed.map((p) => p.id).sort(), ['a', 'b', 'ingress', 'lost']);
});

test('a redundant service stands next to its primary', () => {
  const t = topology(
    [service('web'), service('a'), service('b'), service('c', 'c-backup'), service('d'), service('c-backup')],
    [
      ['ingress', 'web'],
      ['web', 'a'],
      ['web', 'b'],
      ['web', 'c'],
      ['web', 'd'],
    ],
  );
  const column = placeServices(t)
    .filter((p) => p.x === 1)
    .map((p) => p.id);
  assert.equal(column.indexOf('c-backup'), column.indexOf('c') + 1);
});
