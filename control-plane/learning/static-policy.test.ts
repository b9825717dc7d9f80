import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAction } from '../mesh/mitigation.ts';
import { rngOf } from '../mesh/rng.ts';
import { noErrors } from '../mesh/snapshot.ts';
import { randomOrderPolicy, staticPolicy } from './static-policy.ts';
import { contextOf, leftFails, snapshotOf } from './testing/contexts.ts';

const best = async (context: ReturnType<typeof contextOf>) => {
  const [first] = await staticPolicy.score(context);
  return describeAction(first!.action);
};

test('rules: each trouble has its answer, at the service that is to blame', async () => {
  assert.equal(await best(contextOf(snapshotOf())), 'wait');
  assert.equal(await best(contextOf(leftFails())), 'outlier-detection@front>left×1');
  const gone = { good: 0, failed: 40, errors: { ...noErrors(), connect: 40 } };
  assert.equal(
    await best(contextOf(snapshotOf({ 'ingress>front': { good: 0, failed: 40 }, 'front>left': gone }))),
    'failover@front>left×1',
  );
  const crowd = snapshotOf({ 'ingress>front': { rate: 100, good: 30, failed: 70 } });
  assert.equal(await best(contextOf(crowd)), 'rate-limit@ingress>front×1.1');
  const hanging = {
    good: 0,
    failed: 20,
    errors: { ...noErrors(), timeout: 20 },
    latency: { p50: 900, p90: 1000, p99: 1000 },
  };
  assert.match(
    await best(contextOf(snapshotOf({ 'front>right': hanging }))),
    /^(timeout|circuit-breaking)@front>right/,
  );
});

test('masked candidates are listed last, and one allowed candidate has all the probability', async () => {
  const scored = await staticPolicy.score(
    contextOf(leftFails(), { mask: (m) => (m.kind === 'retry' ? 'no' : undefined) }),
  );
  const firstMasked = scored.findIndex((s) => s.masked !== undefined);
  assert.ok(scored.slice(firstMasked).every((s) => s.masked !== undefined));
  assert.equal(
    scored.reduce((sum, s) => sum + s.probability, 0),
    1,
  );
});

test('random order is another one each time, and never waits while something is allowed', async () => {
  const random = randomOrderPolicy(rngOf(3).uniform);
  const firsts = new Set<string>();
  for (let i = 0; i < 10; i++) firsts.add(describeAction((await random.score(contextOf()))[0]!.action));
  assert.ok(firsts.size > 5 && !firsts.has('wait'));
});
