import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Comparisons, noComparisons, overall, routeFidelity, worstFirst } from './route-fidelity.ts';

const counts = (c: Partial<Comparisons>): Comparisons => ({ ...noComparisons, ...c });
const read = { name: 'cart', twice: true };
const write = { name: 'pay', twice: false };

test('status and structure agree in shares of their own, and the score is corrected by the floor', () => {
  const r = routeFidelity(
    read,
    counts({ compared: 200, statusMismatch: 20, digestMismatch: 45, noiseCompared: 40, noiseMismatch: 4 }),
  )!;
  assert.equal(r.status, 0.9);
  assert.equal(r.structure, 0.75);
  assert.equal(r.noiseFloor, 0.1);
  assert.equal(r.score, 0.675 / 0.9);
  assert.ok(r.interval![0] < 0.75 && r.interval![1] > 0.75);
  assert.equal(r.note, undefined);
});

test('too few say so instead of giving a number', () => {
  assert.equal(routeFidelity(read, noComparisons), undefined);
  assert.deepEqual(routeFidelity(read, counts({ compared: 49 })), {
    route: 'cart',
    compared: 49,
    pairs: 0,
    note: 'too few: 49 answers compared of 50',
  });
  const unpaired = routeFidelity(read, counts({ compared: 500, noiseCompared: 29 }))!;
  assert.equal(unpaired.score, undefined);
  assert.equal(unpaired.noiseFloor, undefined);
  assert.match(unpaired.note!, /29 sent twice of 30/);
});

test('a write is judged without a floor, and says so', () => {
  const r = routeFidelity(write, counts({ compared: 100, statusMismatch: 5 }))!;
  assert.equal(r.score, 0.95);
  assert.ok(r.interval![0] < 0.95 && r.interval![1] > 0.95);
  assert.match(r.note!, /not corrected/);
});

test('a route whose answers never agree with themselves is not blamed', () => {
  const r = routeFidelity(read, counts({ compared: 100, digestMismatch: 100, noiseCompared: 40, noiseMismatch: 40 }))!;
  assert.equal(r.noiseFloor, 1);
  assert.equal(r.score, undefined);
  assert.match(r.note!, /never answers the same twice/);
});

test('no share is not a number where no status agrees', () => {
  const r = routeFidelity(write, counts({ compared: 100, statusMismatch: 100 }))!;
  assert.deepEqual([r.score, r.status, r.structure], [0, 0, undefined]);
});

test('the worst is first, what has no score last', () => {
  const routes = [
    { route: 'a', compared: 60, pairs: 0, score: 1 },
    { route: 'b', compared: 9, pairs: 0, note: 'too few' },
    { route: 'c', compared: 70, pairs: 0, score: 0.2 },
    { route: 'd', compared: 90, pairs: 0, score: 1 },
    { route: 'e', compared: 9, pairs: 0, note: 'too few' },
  ];
  assert.deepEqual(
    routes.toSorted(worstFirst).map((r) => r.route),
    ['c', 'd', 'a', 'b', 'e'],
  );
});

test('the whole is its routes by weight, a floor unknown counting as none', () => {
  assert.equal(overall([counts({ compared: 30 }), counts({ compared: 19 })]), undefined);
  const noisy = counts({ compared: 300, statusMismatch: 150, noiseCompared: 50, noiseMismatch: 25 });
  const sound = counts({ compared: 100, statusMismatch: 10 });
  assert.ok(Math.abs(overall([noisy, sound, noComparisons])!.value - (3 + 0.9) / 4) < 1e-12);
  const hopeless = counts({ compared: 900, statusMismatch: 900, noiseCompared: 30, noiseMismatch: 30 });
  assert.ok(Math.abs(overall([hopeless, sound])!.value - 0.9) < 1e-12);
});
