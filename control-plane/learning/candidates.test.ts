import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAction, describeMitigation } from '../mesh/mitigation.ts';
import { candidatesOf, catalogueOf } from './candidates.ts';
import { contextOf, failoverLease, topology } from './testing/contexts.ts';

test('every mitigation, target and strength is a candidate once, waiting first', () => {
  const candidates = candidatesOf(contextOf());
  assert.equal(candidates[0]!.action.do, 'wait');
  const names = candidates.map((c) => describeAction(c.action));
  assert.equal(new Set(names).size, names.length);
  assert.equal(candidates.length, 1 + catalogueOf(topology).length);
  assert.ok(candidates.every((c) => c.masked !== undefined || c.action.do === 'wait' || c.setting !== undefined));
});

test('what may not be chosen is listed with its reason', () => {
  const reasons = (context = contextOf()) =>
    new Map(candidatesOf(context).map((c) => [describeAction(c.action), c.masked]));
  assert.match(reasons().get('failover@front>right×1')!, /no redundant service/);
  assert.match(reasons().get('retry@front>left×0')!, /already retries 0/);

  const poor = contextOf(undefined, {
    capabilities: { mitigations: new Set(['retry']), faults: new Set(), missing: { scale: 'no supervisor' } },
  });
  assert.equal(reasons(poor).get('scale@front×1'), 'no supervisor');
  assert.match(reasons(poor).get('timeout@front>left×4')!, /not possible here/);

  const forbidden = contextOf(undefined, { mask: (m) => (m.kind === 'retry' ? 'forbidden' : undefined) });
  assert.equal(reasons(forbidden).get('retry@front>left×1'), 'forbidden');

  const tired = contextOf(undefined, { steps: Array.from({ length: 4 }, () => failoverLease.mitigation) });
  assert.match(reasons(tired).get('retry@front>left×1')!, /at most 4 steps/);
});

test('what is in force is not offered again, but can be taken back', () => {
  const candidates = candidatesOf(contextOf(undefined, { inForce: [failoverLease] }));
  assert.equal(candidates[1]!.action.do, 'remove-last');
  const again = candidates.find(
    (c) => c.action.do === 'apply' && describeMitigation(c.action.mitigation) === 'failover@front>left×1',
  );
  assert.equal(again!.masked, 'already in force');
});

test('an operator’s or standing mitigation is nothing to take back', () => {
  for (const owner of ['operator', 'static'] as const) {
    const candidates = candidatesOf(contextOf(undefined, { inForce: [{ ...failoverLease, owner }] }));
    assert.ok(candidates.every((c) => c.action.do !== 'remove-last'));
  }
});
