import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultKinds } from '../../mesh/fault.ts';
import { describeAction } from '../../mesh/mitigation.ts';
import type { DecisionContext } from '../../mesh/policy.ts';
import type { HealthyState, Snapshot } from '../../mesh/snapshot.ts';
import type { EdgeId, Topology } from '../../mesh/topology.ts';
import { silenced } from '../../telemetry/testing/traffic.ts';
import { candidatesOf } from '../candidates.ts';
import { contextOf, failoverLease, leftFails, snapshotOf } from '../testing/contexts.ts';
import { FEATURE_COUNT, FEATURES, featureNames, matrixOf } from './features.ts';
import { viewOf } from './view.ts';

/** Rows by candidate. */
function rowsOf(context: DecisionContext): Map<string, number[]> {
  const candidates = candidatesOf(context);
  const { x, rows } = matrixOf(viewOf(context), candidates);
  return new Map(
    rows.map((i, k) => [
      describeAction(candidates[i]!.action),
      [...x.subarray(k * FEATURE_COUNT, (k + 1) * FEATURE_COUNT)],
    ]),
  );
}

function assertSame(a: number[], b: number[], what: string, off = 1e-5): void {
  a.forEach((v, i) => {
    assert.ok(Math.abs(v - b[i]!) <= off, `${what}: ${featureNames[i]} is ${v} and ${b[i]}`);
  });
}

const mapValues = <T>(record: Readonly<Record<string, T>>, of: (v: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [k, of(v)]));

/** Everything counted per second, `k` times as often. */
function scaled(s: Snapshot, k: number): Snapshot {
  return {
    ...s,
    entry: mapValues({ ...s.entry }, (v) => v * k) as unknown as Snapshot['entry'],
    edges: mapValues(s.edges, (e) => ({
      ...e,
      rate: e.rate * k,
      good: e.good * k,
      failed: e.failed * k,
      retries: e.retries * k,
      inFlight: e.inFlight * k,
      errors: mapValues({ ...e.errors }, (v) => v * k) as unknown as typeof e.errors,
    })),
  };
}

test('features have names, each once, and name no fault and no world', () => {
  assert.equal(new Set(featureNames).size, FEATURE_COUNT);
  const words = new Set(featureNames.flatMap((n) => n.split(/[^a-z0-9]+/i)));
  // "timeout" is what a proxy reports, "cpu" and "memory" what a machine does: the kinds below are not among the names as such.
  const kinds = Object.keys(faultKinds).filter((k) => k !== 'cpu' && k !== 'memory');
  for (const word of [...kinds, 'shadow', 'production', 'simulation', 'fault']) assert.ok(!words.has(word), word);
});

test('the same mesh at another scale has the same features', () => {
  const inForce = [failoverLease];
  for (const now of [snapshotOf(), leftFails()]) {
    const context = contextOf(now, { inForce });
    const k = 4;
    const healthy: HealthyState = {
      ...context.healthy,
      edges: mapValues(context.healthy.edges, (e) => ({ ...e, rate: e.rate * k, inFlight: e.inFlight * k })),
      goodput: context.healthy.goodput * k,
    };
    const larger = contextOf(now, { inForce, healthy, history: context.history.map((s) => scaled(s, k)) });
    const [a, b] = [rowsOf(context), rowsOf(larger)];
    assert.deepEqual([...a.keys()], [...b.keys()]);
    for (const [name, row] of a) assertSame(row, b.get(name)!, name);
  }
});

test('neither names nor the order of services and edges matter', () => {
  const before = contextOf(leftFails());
  const rename = (id: string) => (id === 'ingress' ? id : `x-${[...id].reverse().join('')}`);
  const renameEdge = (id: string) => id.split('>').map(rename).join('>') as EdgeId;
  const reversed = <T>(record: Readonly<Record<string, T>>, key: (k: string) => string, of: (v: T) => T = (v) => v) =>
    Object.fromEntries(
      Object.entries(record)
        .reverse()
        .map(([k, v]) => [key(k), of(v)]),
    );
  const t = before.topology;
  const topology: Topology = {
    application: 'other',
    entry: renameEdge(t.entry),
    services: reversed(t.services, rename, (s) => ({
      ...s,
      id: rename(s.id),
      ...(s.failover ? { failover: rename(s.failover) } : {}),
    })),
    edges: reversed(t.edges, renameEdge, (e) => ({
      ...e,
      id: renameEdge(e.id),
      caller: rename(e.caller),
      callee: rename(e.callee),
    })),
  };
  const after: DecisionContext = {
    ...before,
    topology,
    history: before.history.map((s) => ({
      ...s,
      world: 'production',
      edges: reversed(s.edges, renameEdge),
      services: reversed(s.services, rename),
    })),
    healthy: {
      ...before.healthy,
      edges: reversed(before.healthy.edges, renameEdge),
      services: reversed(before.healthy.services, rename),
    },
  };
  const a = rowsOf(before);
  const b = rowsOf(after);
  assert.equal(a.size, b.size);
  for (const [name, row] of a) {
    const [, kind, target, strength] = /^(.*)@(.*)×(.*)$/.exec(name)!;
    const other = `${kind}@${target!.includes('>') ? renameEdge(target!) : rename(target!)}×${strength}`;
    assertSame(row, b.get(other)!, name);
  }
});

test('odd numbers in a context never reach a model', () => {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300, 0];
  for (const x of odd) {
    const spoil = (value: unknown): unknown =>
      typeof value === 'number'
        ? x
        : value && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoil(v)]))
          : value;
    const now = leftFails();
    const spoilt = { ...(spoil(now) as Snapshot), world: now.world, gaps: [] };
    for (const context of [
      contextOf(spoilt),
      contextOf(now, { healthy: spoil(contextOf().healthy) as HealthyState }),
      contextOf({ ...now, edges: {}, services: {} }, { onset: x }),
      contextOf(now, { history: [spoilt, spoilt], inForce: [failoverLease] }),
      contextOf(now, { healthy: { edges: {}, services: {}, goodput: x } }),
    ])
      for (const [name, row] of rowsOf(context))
        row.forEach((v, i) => {
          assert.ok(Number.isFinite(v) && Math.abs(v) <= 10, `${x}: ${name} ${featureNames[i]} = ${v}`);
        });
  }
});

test('a failing callee shows where it is and not elsewhere', () => {
  const rows = rowsOf(contextOf(leftFails()));
  const at = (name: string, feature: string) => rows.get(name)![featureNames.indexOf(feature)]!;
  assert.equal(at('retry@front>left×1', 'fail'), 0.5);
  assert.equal(at('retry@front>right×1', 'fail'), 0);
  assert.equal(at('retry@front>left×1', 'callee blame'), 1);
  assert.ok(at('retry@front>right×1', 'callee blame') < 0.2);
  assert.ok(at('retry@ingress>front×1', 'callee excess fail') < 0.05);
  assert.equal(at('failover@front>left×1', 'backup'), 1);
});

test('means over the newest windows leave out those in which there was nothing to be seen', () => {
  const now = leftFails();
  const dark = silenced(snapshotOf({}, 9000), 'ingress', 'front');
  const alone = viewOf(contextOf(now, { history: [now] }));
  const view = viewOf(contextOf(now, { history: [dark, dark, now] }));
  assert.deepEqual(view.edges.get('front>left')!.lately, alone.edges.get('front>left')!.lately);
  assert.equal(view.services.get('left')!.blameLately, alone.services.get('left')!.blameLately);
  assert.equal(view.goodLately, alone.goodLately);
  assert.ok(view.goodLately < 1 && view.services.get('left')!.blameLately > 0.4);
  assert.equal(viewOf(contextOf(dark, { history: [now, dark] })).edges.get('front>left')!.lately.fail, 0.5);
});

test('every feature says what it is', () => {
  assert.ok(FEATURES.every((f) => f.name.length > 0));
  assert.ok(FEATURES.filter((f) => f.doc.length > 0).length >= FEATURE_COUNT - 4);
});
