import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../mesh/rng.ts';
import { compare, passes } from './evaluation.ts';
import type { Experienced } from './replay.ts';

/** Logged decisions among three candidates that are truly worth 0.1, 0.4 and −0.2, chosen evenly (waiting as well). */
function logged(n: number, seed: number): Experienced[] {
  const rng = rngOf(seed);
  const worth = [0.1, 0.4, -0.2];
  return Array.from({ length: n }, () => {
    const tried = rng.below(4) - 1;
    const advantage = tried < 0 ? 0 : worth[tried]! + 0.1 * rng.normal();
    return { rows: new Float32Array(0), tried, probability: 0.25, advantage, prior: new Float32Array(3) };
  });
}

/** A policy that always makes the same choice and believes the given means. */
const always = (choice: number, mean: number[]) => () => ({ mean, choice });

test('the estimate is right whatever the model believes', () => {
  const log = logged(3000, 1);
  for (const belief of [
    [0.1, 0.4, -0.2],
    [0.9, -0.9, 0.9],
    [0, 0, 0],
  ]) {
    const e = compare(log, always(1, belief), always(0, belief));
    assert.ok(Math.abs(e.difference - 0.3 * 0.95) < 4 * e.error, `${belief}: ${e.difference} ± ${e.error}`);
  }
});

test('a good model makes it sharper', () => {
  const log = logged(500, 2);
  const good = compare(log, always(1, [0.1, 0.4, -0.2]), always(0, [0.1, 0.4, -0.2]));
  const bad = compare(log, always(1, [0.9, -0.9, 0.9]), always(0, [0.9, -0.9, 0.9]));
  assert.ok(good.error < 0.5 * bad.error);
});

test('the gate lets the better pass, holds the worse, and holds what nothing speaks about', () => {
  const belief = [0.1, 0.4, -0.2];
  const log = logged(200, 3);
  assert.equal(passes(compare(log, always(1, belief), always(0, belief))), true);
  assert.equal(passes(compare(log, always(1, belief), always(1, belief))), true);
  assert.match(passes(compare(log, always(2, belief), always(1, belief))) as string, /may be worse/);
  assert.match(passes(compare(log.slice(0, 3), always(1, belief), always(0, belief))) as string, /effective/);
  assert.match(passes(compare([], always(1, belief), always(0, belief))) as string, /effective/);
});
