import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EdgeWindow, noErrors, type Snapshot } from '../mesh/snapshot.ts';
import { originOf, signatureOf } from './signature.ts';
import { contextOf, leftFails, snapshotOf } from './testing/contexts.ts';

test('what fails, where, and in what part', () => {
  assert.equal(signatureOf(contextOf(leftFails())), 'origin=left fail:errors part=half slow=0');
  assert.equal(originOf(contextOf(leftFails())), 'left');
  assert.equal(signatureOf(contextOf(snapshotOf())), 'origin=unknown');
});

test('the detector’s origin counts before its own', () => {
  const context = contextOf(leftFails(), {
    diagnosis: { at: 0, symptoms: [], origins: [{ service: 'right', score: 1 }], impaired: true, goodRatio: 0.5 },
  });
  assert.match(signatureOf(context), /^origin=right /);
});

test('the same at other rates and in another world, in the next window, and with a little noise', () => {
  const wanted = signatureOf(contextOf(leftFails()));
  const noisy = (k: number): Snapshot => {
    const s = leftFails();
    return {
      ...s,
      world: 'production',
      edges: Object.fromEntries(
        Object.entries(s.edges).map(([id, e]) => [
          id,
          { ...e, failed: e.failed * k, good: e.rate - e.failed * k, latency: { p50: 20 * k, p90: 40, p99: 60 * k } },
        ]),
      ),
    };
  };
  for (const k of [0.8, 0.9, 1.1, 1.2]) assert.equal(signatureOf(contextOf(noisy(k))), wanted);
  assert.match(signatureOf(contextOf(noisy(1.4))), / part=all /, 'seven in ten are no share of the calls any more');
});

test('more users than usual are the origin themselves', () => {
  const surge = snapshotOf({ 'ingress>front': { rate: 100, good: 30, failed: 70 } });
  assert.match(signatureOf(contextOf(surge)), /^origin=users surge/);
});

test('kinds of failure and slowness are told apart', () => {
  const left = (change: Partial<EdgeWindow>) => signatureOf(contextOf(snapshotOf({ 'front>left': change })));
  assert.match(left({ good: 0, failed: 40, errors: { ...noErrors(), timeout: 40 } }), /fail:timeouts part=all/);
  assert.match(left({ good: 30, failed: 10, errors: { ...noErrors(), connect: 10 } }), /fail:connect part=some/);
  assert.match(left({ good: 0, latency: { p50: 400, p90: 500, p99: 900 } }), /fail:none part=none slow=all/);
});
