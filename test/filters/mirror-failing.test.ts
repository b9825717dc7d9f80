/** A shadow is given as much as it answers: a few copies at first, one a tick while it fails, and all once it answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterHost, type HttpCall } from './harness.ts';
import { answer, counted, mirror, pass } from './mirror-world.ts';
import { request, response } from './requests.ts';

const MOST = 4;
const HEARTBEAT_MS = 1000;

/** Requests that production answers; the copies of those that were copied. */
function copiesOf(m: ReturnType<typeof mirror>, requests: number): HttpCall[] {
  return Array.from({ length: requests }, () => {
    const { x, copy } = pass(m, request('GET', '/'));
    answer(x, response(200));
    x.end();
    return copy;
  }).filter((copy) => copy !== undefined);
}

/** A mirror whose shadow has failed with all it was given. */
function failing(): ReturnType<typeof mirror> {
  const m = mirror({ maxInFlight: MOST, heartbeatMs: HEARTBEAT_MS });
  for (const copy of copiesOf(m, MOST)) m.host.answer(copy);
  return m;
}

test('a shadow that fails with every copy is given none until the next tick, and then one', () => {
  const m = failing();
  assert.equal(copiesOf(m, 10).length, 0);
  for (let tick = 0; tick < 3; tick++) {
    m.host.run(HEARTBEAT_MS);
    const copies = copiesOf(m, 10);
    assert.equal(copies.length, 1);
    m.host.answer(copies[0]!);
  }
  assert.equal(counted(m, 'failed'), MOST + 3);
  assert.equal(counted(m, 'dropped_failing'), 10 + 3 * 9);
  assert.equal(counted(m, 'dropped_in_flight'), 0);
  assert.equal(counted(m, 'in_flight'), 0);
});

test('a silent shadow is given one copy a tick, while it has fewer than it may', () => {
  const m = failing();
  for (let waiting = 1; waiting <= MOST; waiting++) {
    m.host.run(HEARTBEAT_MS);
    assert.equal(copiesOf(m, 10).length, 1);
  }
  m.host.run(HEARTBEAT_MS);
  assert.equal(copiesOf(m, 10).length, 0);
});

test('a shadow that answers again is soon given everything, and no more than is allowed', () => {
  const m = failing();
  m.host.run(HEARTBEAT_MS);
  for (let copies = 1; copies < MOST; copies *= 2) {
    const sent = copiesOf(m, 10);
    assert.equal(sent.length, copies);
    for (const copy of sent) m.host.answer(copy, response(200));
  }
  assert.equal(copiesOf(m, 10).length, MOST);
  assert.ok(counted(m, 'dropped_in_flight') > 0);
});

/** Copies a new configuration has in flight at most before any is answered. */
const FIRST = 16;

test('a shadow that has answered nothing yet is given a few copies, and twice as many each time it has answered all', () => {
  const most = 8 * FIRST;
  const m = mirror({ maxInFlight: most });
  for (let copies = FIRST; copies < most; copies *= 2) {
    const sent = copiesOf(m, most + 10);
    assert.equal(sent.length, copies);
    for (const copy of sent) m.host.answer(copy, response(200));
  }
  assert.equal(counted(m, 'dropped_in_flight'), 0);
  assert.equal(copiesOf(m, most + 10).length, most);
  assert.equal(counted(m, 'dropped_in_flight'), 10);
});

test('a shadow that is slow but not full is given no more by ticks', () => {
  const m = mirror({ maxInFlight: 8 * FIRST, heartbeatMs: HEARTBEAT_MS });
  // It has carried a stream: only then its ticks count.
  assert.equal(copiesOf(m, 1).length, 1);
  m.host.run(20 * HEARTBEAT_MS);
  assert.equal(copiesOf(m, 8 * FIRST).length, FIRST - 1);
});

test('failures that are fewer than answers cost no copy', () => {
  const m = mirror({ maxInFlight: MOST });
  for (let i = 0; i < 30; i++) {
    const copies = copiesOf(m, 1);
    assert.equal(copies.length, 1);
    m.host.answer(copies[0]!, ...(i % 3 === 0 ? [] : [response(200)]));
  }
  assert.equal(counted(m, 'dropped_failing'), 0);
});

test('an error is an answer: a shadow that is broken on purpose is given as much as before', () => {
  const m = mirror({ maxInFlight: MOST });
  for (let i = 0; i < 3 * MOST; i++) for (const copy of copiesOf(m, 1)) m.host.answer(copy, response(503));
  assert.equal(counted(m, 'sent'), 3 * MOST);
  assert.equal(counted(m, 'compared'), 3 * MOST);
});

test('a request that is sent twice takes one place, and gives it back once', () => {
  const m = mirror({ maxInFlight: MOST, twicePercent: 100, heartbeatMs: HEARTBEAT_MS });
  for (let round = 0; round < 3; round++) {
    const { x, copy } = pass(m, request('GET', '/'));
    answer(x, response(200));
    x.end();
    assert.ok(copy);
    const both = [...m.host.httpCalls];
    assert.equal(both.length, 2);
    // The first fails, its twin is answered.
    m.host.answer(both[0]!);
    m.host.answer(both[1]!, response(200));
  }
  assert.equal(counted(m, 'in_flight'), 0);
  assert.equal(copiesOf(m, 10).length, MOST - 3);
});

test('a cluster that refuses at once is tried no more often', () => {
  const m = mirror({ maxInFlight: MOST }, new FilterHost('mirror', { refuseCalls: () => true }));
  assert.equal(copiesOf(m, 10).length, 0);
  assert.equal(counted(m, 'failed'), MOST);
  assert.equal(counted(m, 'dropped_failing'), 10 - MOST);
});
