import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import { candidatesOf } from './candidates.ts';
import { calibrated, loadPolicy } from './session.ts';
import { guarded, staticPolicy } from './static-policy.ts';
import { contextOf, failoverLease, leftFails } from './testing/contexts.ts';
import { cardOf, modelBytes } from './testing/models.ts';

const code = (wanted: string) => (error: unknown) => error instanceof UmbraError && error.code === wanted;

test('every candidate is scored, the best lower bound first, masked ones last', async () => {
  const policy = await loadPolicy(modelBytes(), cardOf());
  const context = contextOf(leftFails(), { inForce: [failoverLease] });
  const scored = await policy.score(context);
  assert.equal(scored.length, candidatesOf(context).length);
  const allowed = scored.filter((s) => s.masked === undefined);
  assert.deepEqual(scored.slice(0, allowed.length), allowed);
  for (let i = 1; i < allowed.length; i++) assert.ok(allowed[i - 1]!.lower >= allowed[i]!.lower);
  const wait = scored.find((s) => s.action.do === 'wait')!;
  assert.deepEqual([wait.mean, wait.spread, wait.lower], [0, 0, 0]);
  assert.ok(scored.some((s) => s.action.do === 'remove-last'));
  assert.ok(Math.abs(scored.reduce((sum, s) => sum + s.probability, 0) - 1) < 1e-9);
  assert.ok(scored.every((s) => s.masked === undefined || s.probability === 0));
  assert.ok(allowed.every((s) => Math.abs(s.lower - (s.mean - s.spread)) < 1e-6));
  await policy.close();
});

test('the same context is scored the same', async () => {
  const policy = await loadPolicy(modelBytes(), cardOf());
  const context = contextOf(leftFails());
  assert.deepEqual(await policy.score(context), await policy.score(context));
  await policy.close();
});

test('a model that is none, or not of this version, is refused', async (t) => {
  const good = modelBytes();
  const nan = modelBytes(1, (p) => p.b3.fill(Number.NaN));
  const infinite = modelBytes(1, (p) => p.w3.fill(Number.MAX_VALUE));
  const cases: [string, Uint8Array, Parameters<typeof cardOf>[0]][] = [
    ['empty', new Uint8Array(0), {}],
    ['garbage', new TextEncoder().encode('not a model at all'), {}],
    ['cut short', good.slice(0, good.length / 2), {}],
    ['NaN', nan, {}],
    ['infinite', infinite, {}],
    ['other features', good, { features: cardOf().features.map((n, i) => (i === 3 ? 'something' : n)) }],
    ['fewer features', good, { features: cardOf().features.slice(1) }],
    ['other format', good, { format: 2 as 1 }],
    ['no calibration', good, { calibration: { scale: Number.NaN, floor: 0, alpha: 0, samples: 0 } }],
    ['unknown actions', good, { actions: {} }],
  ];
  for (const [name, bytes, card] of cases)
    await t.test(name, () => assert.rejects(loadPolicy(bytes, cardOf(card)), code('UMB0601')));
  await t.test('no card', () => assert.rejects(loadPolicy(good, {} as never), code('UMB0601')));
});

test('a model that turns bad while it decides gives way to the static policy', async () => {
  // Fine on ordinary rows, infinite where the failed share is large.
  const bytes = modelBytes(1, (p) => {
    p.w1.fill(0);
    const at = cardOf().features.indexOf('fail');
    for (let m = 0; m < 3; m++) p.w1[m * cardOf().features.length * 8 + at * 8] = 1;
    p.b1.fill(-0.55);
    p.w2.fill(1e30);
    p.w3.fill(1e30);
  });
  const policy = await loadPolicy(bytes, cardOf());
  const failures: unknown[] = [];
  const safe = guarded(policy, staticPolicy, (e) => failures.push(e));
  const bad = contextOf({
    ...leftFails(),
    edges: { ...leftFails().edges, 'front>left': { ...leftFails().edges['front>left']!, failed: 40, good: 0 } },
  });
  await assert.rejects(policy.score(bad), code('UMB0602'));
  assert.deepEqual(await safe.score(bad), await staticPolicy.score(bad));
  assert.equal(failures.length, 1);
  await policy.close();
});

test('the calibrated spread grows with the members’ spread and never vanishes', () => {
  const c = { scale: 2, floor: 0.03, alpha: 0.1, samples: 10 };
  assert.ok(Math.abs(calibrated(0, c) - 0.06) < 1e-12);
  assert.ok(calibrated(0.5, c) > 1);
});
