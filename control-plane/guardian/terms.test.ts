import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import type { Incident, Mode } from '../mesh/record.ts';
import { createTerms, LEASE_MS } from './terms.ts';

const HOUR = 3600_000;
const mitigation = { kind: 'retry', target: { edge: 'web>pay' }, strength: 1 } as const;
const lease = (id: string, owner: MitigationLease['owner'] = 'policy') =>
  ({ id, type: 'mitigation', owner, mitigation, expiresAt: LEASE_MS }) as unknown as MitigationLease;

function terms(first: MitigationLease, forbidden?: string) {
  const state = { now: 0, leases: [first], lost: 0, audited: [] as string[], mode: 'auto' as Mode };
  const incident = { plan: [mitigation], notes: [] as string[], state: 'mitigated' } as unknown as Incident;
  const { keep } = createTerms({
    clock: { now: () => state.now, sleep: async () => {} },
    world: {
      leases: () => state.leases,
      renew: (id, expiresAt) => {
        state.leases = state.leases.map((l) => (l.id === id ? { ...l, expiresAt } : l));
      },
    },
    audit: (by, action, subject, detail = null) => {
      state.audited.push(`${by}: ${action} ${subject}`);
      return { seq: 0, at: 0, by, action, subject, detail };
    },
    book: { change: (edit) => edit(incident), current: () => incident },
    overrides: { forbids: () => forbidden, modeFor: () => state.mode },
    onLost: () => state.lost++,
  });
  const at = (now: number) => {
    state.now = now;
    state.leases = state.leases.filter((l) => l.expiresAt > now);
    keep();
  };
  return { state, incident, at };
}

test('a lease is renewed at half its time, again and again, and each time audited', () => {
  const { state, at } = terms(lease('m'));
  at(5 * HOUR);
  assert.deepEqual(state.audited, []);
  for (let hour = 6; hour <= 48; hour++) at(hour * HOUR);
  assert.equal(state.leases.length, 1);
  assert.ok(state.audited.length >= 6 && state.audited.every((a) => a === 'guardian: renew retry@web>pay×1'));
  assert.equal(state.lost, 0);
});

test('what the operator forbade ends, which is audited, noted, and no longer in the plan', () => {
  const { state, incident, at } = terms(lease('m'), 'retry is forbidden by ada');
  at(6 * HOUR);
  at(13 * HOUR);
  at(13 * HOUR + 1000);
  assert.deepEqual(state.audited, ['clock: expired retry@web>pay×1']);
  assert.deepEqual(incident.plan, []);
  assert.equal(incident.notes.length, 1);
  assert.equal(state.lost, 1);
});

for (const mode of ['approve', 'observe', 'off'] as const)
  test(`in mode ${mode} what users no longer suffer without is not renewed: its term ends it`, () => {
    const { state, at } = terms(lease('m'));
    state.mode = mode;
    for (let hour = 1; hour <= 13; hour++) at(hour * HOUR);
    assert.deepEqual(state.audited, ['clock: expired retry@web>pay×1']);
  });

test('while users suffer it is renewed in mode approve as well, and not in mode observe', () => {
  for (const mode of ['approve', 'observe'] as const) {
    const { state, incident, at } = terms(lease('m'));
    state.mode = mode;
    incident.state = 'open';
    for (let hour = 1; hour <= 48; hour++) at(hour * HOUR);
    assert.equal(state.leases.length, mode === 'approve' ? 1 : 0);
  }
});

test('what was taken back before its end did not expire', () => {
  const { state, at } = terms(lease('m'));
  at(HOUR);
  state.leases = [];
  at(2 * HOUR);
  at(13 * HOUR);
  assert.deepEqual(state.audited, []);
});

test('what of the plan is gone when the control plane comes back is audited and noted, once', () => {
  const { state, incident, at } = terms(lease('m'));
  state.leases = [];
  at(HOUR);
  at(2 * HOUR);
  assert.deepEqual(state.audited, ['guardian: gone retry@web>pay×1']);
  assert.deepEqual(incident.plan, []);
  assert.equal(incident.notes.length, 1);
  assert.equal(state.lost, 1);
});

test("an operator's lease keeps the term of its order", () => {
  const { state, incident, at } = terms(lease('pin', 'operator'));
  incident.plan = [];
  at(11 * HOUR);
  assert.deepEqual(state.audited, []);
});
