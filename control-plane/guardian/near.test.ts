import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mitigation } from '../mesh/mitigation.ts';
import type { Pattern } from '../mesh/record.ts';
import { near, nearby, patternFor } from './near.ts';

const table: [string, string, boolean][] = [
  ['origin=pay fail:errors part=half slow=0', 'origin=pay fail:errors part=half slow=0', true],
  ['origin=pay fail:errors part=half slow=0', 'origin=pay fail:errors part=all slow=0', true],
  ['origin=pay fail:errors part=half slow=0', 'origin=pay fail:errors part=half slow=0 retrying', true],
  ['origin=pay fail:errors part=half slow=0', 'origin=pay fail:errors part=half slow=0 retrying cpu', false],
  ['origin=pay fail:errors part=half slow=0', 'origin=cart fail:errors part=half slow=0', false],
  ['origin=pay fail:errors part=half slow=0', 'origin=pay fail:timeouts part=half slow=all', false],
];
for (const [a, b, expected] of table)
  test(`"${a}" and "${b}" are ${expected ? '' : 'not '}near`, () => {
    assert.equal(near(a, b), expected);
    assert.equal(near(b, a), expected);
  });

const plan: Mitigation[] = [{ kind: 'failover', target: { edge: 'web>pay' }, strength: 1 }];
const pattern = (id: string, signature: string, trials: number, more: Partial<Pattern> = {}): Pattern => ({
  id,
  signature,
  plan,
  trials,
  successes: trials,
  controls: 1,
  controlFailed: 1,
  interval: [0.4, 1],
  gain: 0.5,
  cost: 0,
  firstSeen: 0,
  lastSeen: 0,
  faults: [],
  status: 'trusted',
  ...more,
});

test('evidence goes to the equal pattern, else to the most tried near one of the same plan and share', () => {
  const few = pattern('few', 'origin=pay fail:errors part=half slow=0', 2);
  const many = pattern('many', 'origin=pay fail:errors part=half slow=0 cpu', 5);
  const all = pattern('all', 'origin=pay fail:errors part=all slow=0', 9);
  const other = pattern('other', 'origin=pay fail:errors part=some slow=0', 9, {
    plan: [{ ...plan[0]!, strength: 0.5 }],
  });
  const known = [few, many, all, other];
  assert.equal(patternFor('origin=pay fail:errors part=half slow=0', plan, known)?.id, 'few');
  assert.equal(patternFor('origin=pay fail:errors part=half slow=tail', plan, known)?.id, 'few');
  assert.equal(patternFor('origin=pay fail:errors part=half slow=tail cpu', plan, known)?.id, 'many');
  assert.equal(patternFor('origin=pay fail:errors part=some slow=0', plan, known), undefined);
  assert.equal(patternFor('origin=cart fail:errors part=half slow=0', plan, known), undefined);
});

test('a plan that healed a share of failures is not offered where all fail; the other way round it is', () => {
  const half = pattern('half', 'origin=pay fail:errors part=half slow=0', 5);
  const all = pattern('all', 'origin=pay fail:errors part=all slow=0', 2);
  const ids = (signature: string, of: Pattern[]) => nearby(signature, of).map((p) => p.id);
  assert.deepEqual(ids('origin=pay fail:errors part=all slow=0', [half]), []);
  assert.deepEqual(ids('origin=pay fail:errors part=half slow=0', [all]), ['all']);
  assert.deepEqual(ids('origin=pay fail:errors part=all slow=tail', [half, all]), ['all']);
  assert.deepEqual(ids('origin=pay fail:errors part=half slow=0', [{ ...all, status: 'candidate' }]), []);
});
