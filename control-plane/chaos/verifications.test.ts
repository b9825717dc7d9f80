import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../mesh/mitigation.ts';
import type { Diagnosis } from '../mesh/record.ts';
import { createVerifications } from './verifications.ts';

const at = (when: number): Diagnosis => ({ at: when, symptoms: [], origins: [], impaired: true, goodRatio: 0.5 });
const plan: Plan = [{ kind: 'retry', target: { edge: 'a>b' }, strength: 1 }];

test('what is asked is tried in order, also what is asked meanwhile', async () => {
  const verifications = createVerifications();
  const answers = [verifications.ask(at(1), plan), verifications.ask(at(2), plan)];
  const tried: number[] = [];
  await verifications.answer(async (diagnosis) => {
    tried.push(diagnosis.at);
    if (diagnosis.at === 1) answers.push(verifications.ask(at(3), plan));
    assert.equal(verifications.waiting(), diagnosis.at < 3);
    assert.ok(verifications.open());
    return diagnosis.at === 2 ? undefined : plan;
  });
  assert.deepEqual(tried, [1, 2, 3]);
  assert.deepEqual(await Promise.all(answers), [plan, undefined, plan]);
  assert.ok(!verifications.open());
});

test('a trial that breaks off leaves nobody waiting for it', async () => {
  const verifications = createVerifications();
  const [first, second] = [verifications.ask(at(1), plan), verifications.ask(at(2), plan)];
  await assert.rejects(
    verifications.answer(() => Promise.reject(new Error('the loop ended'))),
    /the loop ended/,
  );
  assert.equal(await first, undefined);
  assert.ok(verifications.waiting(), 'what was not tried waits for the next time');
  verifications.dismiss();
  assert.equal(await second, undefined);
});
