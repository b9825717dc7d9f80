import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import type { Decision } from '../mesh/record.ts';
import { unjudgedIn } from './unjudged.ts';

const mitigation = { kind: 'retry', target: { edge: 'web>pay' }, strength: 1 } as const;
const lease = {
  id: 'm-1',
  type: 'mitigation',
  owner: 'policy',
  incident: 'i-1',
  mitigation,
} as unknown as MitigationLease;
const decision = (id: string, more: Partial<Decision> = {}) =>
  ({ id, world: 'production', incident: 'i-1', action: { do: 'apply', mitigation }, ...more }) as Decision;
const kept = { outcome: { verdict: 'kept' } as Decision['outcome'] };
const ids = (...decisions: Decision[]) => unjudgedIn([lease], decisions).map((u) => u.decision.id);

test('a lease is unjudged when its newest decision has no outcome', () => {
  assert.deepEqual(ids(decision('new'), decision('old', kept)), ['new']);
  assert.deepEqual(ids(decision('new', kept), decision('offered')), []);
});

test('decisions of another world, incident, mitigation or action say nothing of it', () => {
  const other = { ...mitigation, strength: 2 };
  assert.deepEqual(
    ids(
      decision('world', { world: 'shadow' }),
      decision('incident', { incident: 'i-0' }),
      decision('strength', { action: { do: 'apply', mitigation: other } }),
      decision('removal', { action: { do: 'remove-last' } }),
    ),
    [],
  );
});

test("an operator's lease is nobody's trial", () => {
  assert.deepEqual(unjudgedIn([{ ...lease, owner: 'operator' }], [decision('d')]), []);
});
