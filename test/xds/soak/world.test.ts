import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../../../control-plane/mesh/rng.ts';
import type { SoakState } from './world.ts';
import { firstState, nextState, targets } from './world.ts';

function walk(seed: number, steps: number): SoakState[] {
  const rng = rngOf(seed);
  const states = [firstState(rng, 4)];
  for (let i = 0; i < steps; i++) states.push(nextState(states.at(-1)!, rng, 4));
  return states;
}

test('every state can be served: routes lead to clusters that exist, clusters to endpoints', () => {
  for (const state of walk(1, 2000)) {
    assert.ok(targets(state).length > 0);
    for (const { routes } of state.listeners.values())
      for (const { to } of routes.values()) for (const name of to) assert.ok(state.clusters.has(name), name);
    for (const { endpoints } of state.clusters.values()) assert.ok(endpoints.some((e) => e.priority === 0));
  }
});

test('a seed is a walk', () => {
  assert.deepEqual(walk(7, 50), walk(7, 50));
  assert.notDeepEqual(walk(7, 50), walk(8, 50));
});

test('a walk comes by everything', () => {
  const states = walk(3, 500);
  for (const size of [
    (s: SoakState) => s.clusters.size,
    (s: SoakState) => s.listeners.size,
    (s: SoakState) => targets(s).length,
  ])
    assert.ok(new Set(states.map(size)).size >= 3);
});
