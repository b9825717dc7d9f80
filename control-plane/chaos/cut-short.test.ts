import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../guardian/testing/memory-store.ts';
import type { Episode } from '../mesh/record.ts';
import { endCutShort } from './cut-short.ts';

const episode = (id: string, more: Partial<Episode> = {}): Episode => ({
  id,
  startedAt: 1000,
  fault: { kind: 'latency', target: { service: 'pay' }, magnitude: 0.5, share: 1, durationMs: 90_000, seed: 1 },
  control: false,
  reached: [],
  plan: [],
  decisions: [],
  goodBaseline: 1,
  goodFaulted: 1,
  recovered: false,
  ...more,
});

/** Ends what was cut short and returns what was booked. */
function endAt(now: number, store: ReturnType<typeof createMemoryStore>): [id: string, from: number, to: number][] {
  const booked: [string, number, number][] = [];
  endCutShort(store, now, (id, fault, from, to) => {
    booked.push([id, from, to]);
    store.ledger.append({ at: now, amount: -1, balance: 1, why: fault.kind, episode: id });
  });
  return booked;
}

test('what was cut short is booked once: until now, or as long as its fault may stand', () => {
  for (const [now, until] of [
    [21_000, 21_000],
    [3_600_000, 91_000],
  ] as const) {
    const store = createMemoryStore();
    store.episodes.put(episode('e1', { endedAt: 900 }));
    store.episodes.put(episode('e2'));
    assert.deepEqual(endAt(now, store), [['e2', 1000, until]]);
    const { endedAt, invalid } = store.episodes.get('e2')!;
    assert.deepEqual([endedAt, invalid], [now, 'cut short by a restart']);
    assert.equal(store.episodes.get('e1')?.invalid, undefined);
    assert.deepEqual(endAt(now + 1000, store), []);
  }
});

test('what was booked before the control plane died is ended and not booked again', () => {
  const store = createMemoryStore();
  store.episodes.put(episode('e1'));
  store.ledger.append({ at: 5000, amount: -1, balance: 1, why: 'latency', episode: 'e1' });
  assert.deepEqual(endAt(21_000, store), []);
  assert.equal(store.episodes.get('e1')?.endedAt, 21_000);
});
