import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examplePattern } from '../../test/loop/example-pattern.ts';
import { createMemoryStore } from '../guardian/testing/memory-store.ts';
import type { Episode, Pattern } from '../mesh/record.ts';
import { createEvidence } from './evidence.ts';

const DAY = 24 * 3600_000;
const now = 100 * DAY;
const plan = [{ kind: 'scale', target: { service: 'cart' }, strength: 1 }] as const;

const pattern = (signature: string, more: Partial<Pattern> = {}): Pattern =>
  examplePattern({ id: `p-${signature}`, signature, plan, lastSeen: now, ...more });

const healed = (id: string, signature: string): Episode => ({
  id,
  startedAt: now,
  endedAt: now,
  fault: { kind: 'latency', target: { service: 'cart' }, magnitude: 0.5, share: 1, durationMs: 90_000, seed: 1 },
  control: false,
  detectedAfterMs: 2000,
  signature,
  reached: [],
  plan: [...plan],
  decisions: [],
  goodBaseline: 1,
  goodFaulted: 0.4,
  goodMitigated: 0.9,
  recovered: true,
});

function bench() {
  const store = createMemoryStore();
  const evidence = createEvidence({
    store,
    clock: { now: () => now, sleep: async () => {} },
    learned: { withEvidence: (before, { signature }) => before ?? pattern(signature) },
    onPattern: () => {},
  });
  return { store, evidence };
}

test('a thousand stored episodes are recalled with one look at the patterns', (t) => {
  const { store, evidence } = bench();
  store.patterns.put(pattern('origin=cart a'));
  store.patterns.put(pattern('origin=pay a', { status: 'trusted' }));
  const list = t.mock.method(store.patterns, 'list');
  const episodes = Array.from({ length: 1000 }, (_, i) => healed(`e${i}`, i % 2 ? 'origin=cart a' : 'origin=pay a'));
  const recalled = evidence.recall(episodes);
  assert.equal(list.mock.callCount(), 1);
  assert.deepEqual(
    recalled.slice(0, 2).map(({ episode, need }) => [episode.id, need]),
    [
      ['e0', undefined],
      ['e1', 'control'],
    ],
  );
  assert.equal(recalled.length, 1000);
});

test('an episode whose pattern was forgotten is not recalled as proven; one that healed nothing is recalled', () => {
  const { evidence } = bench();
  const tolerated = { ...healed('e2', 'origin=cart a'), recovered: false, plan: [] };
  assert.deepEqual(evidence.recall([healed('e1', 'origin=cart a'), tolerated]), [
    { episode: tolerated, need: undefined },
  ]);
});

test('what is learned makes room: patterns that are worth nothing are forgotten, not the one it belongs to', () => {
  const { store, evidence } = bench();
  const old = { lastSeen: now - 31 * DAY };
  store.patterns.put(pattern('origin=cart old', old));
  store.patterns.put(pattern('origin=pay trusted', { ...old, status: 'trusted', trials: 3 }));
  store.patterns.put(pattern('origin=web old', old));
  const e = healed('e1', 'origin=cart old');
  evidence.learn(e, { type: 'verify', fault: e.fault, candidates: plan });
  assert.deepEqual(
    store.patterns
      .list()
      .map((p) => p.signature)
      .sort(),
    ['origin=cart old', 'origin=pay trusted'],
  );
});
