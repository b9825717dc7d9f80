import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MirrorWatch } from './mirror-watch.ts';

function watched() {
  let now = 0;
  let beat = 0;
  let offered = 0;
  const seen = { revived: 0, note: undefined as string | undefined };
  const watch = new MirrorWatch({
    // The loop's own sleep never ends: each look is taken by hand.
    clock: { now: () => now, sleep: () => new Promise(() => {}) },
    collector: {
      filterStat: () => beat,
      heardAt: () => now,
      totals: () => ({ offered, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0, filters: {}, edges: {} }),
    },
    node: 'production/ingress/0',
    revive: () => seen.revived++,
    onNote: (note) => {
      seen.note = note;
    },
  });
  const pass = (seconds: number, { beats, requests }: { beats: boolean; requests: boolean }) => {
    for (let i = 0; i < seconds; i += 2) {
      now += 2000;
      if (beats) beat++;
      if (requests) offered += 40;
      watch.look();
    }
  };
  return { seen, pass };
}

test('a filter that beats is left alone, and one without traffic too', () => {
  const { seen, pass } = watched();
  pass(60, { beats: true, requests: true });
  pass(600, { beats: false, requests: false });
  assert.equal(seen.revived, 0);
});

test('a filter that stands still while requests pass is revived, three times an hour at most', () => {
  const { seen, pass } = watched();
  pass(20, { beats: true, requests: true });
  pass(20, { beats: false, requests: true });
  assert.equal(seen.revived, 1);
  assert.match(seen.note!, /pushed again/);
  pass(10, { beats: true, requests: true });
  assert.equal(seen.note, undefined);
  pass(900, { beats: false, requests: true });
  assert.equal(seen.revived, 3);
  assert.match(seen.note!, /three times in an hour/);
});
