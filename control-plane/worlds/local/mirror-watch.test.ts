import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MirrorWatch } from './mirror-watch.ts';

/** What a proxy's next report has. */
interface Report {
  readonly beats?: boolean;
  readonly requests?: boolean;
  /** The proxy does not report at all. */
  readonly silent?: boolean;
}

function watched({ loaded = true, share = (): number => 1 } = {}) {
  let now = 0;
  let heard = 0;
  let beat: number | undefined = loaded ? 0 : undefined;
  let offered = 0;
  const seen = { revivedAt: [] as number[], note: undefined as string | undefined };
  const watch = new MirrorWatch({
    // The loop's own sleep never ends: each look is taken by hand.
    clock: { now: () => now, sleep: () => new Promise(() => {}) },
    collector: {
      filterStat: () => beat,
      heardAt: () => heard,
      totals: () => ({ offered, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0, filters: {}, edges: {} }),
    },
    node: 'production/ingress/0',
    share,
    revive: () => seen.revivedAt.push(now),
    onNote: (note) => {
      seen.note = note;
    },
  });
  /** Lets seconds pass: a report a second, a look every quarter of one. */
  const pass = (seconds: number, { beats, requests, silent }: Report) => {
    for (let i = 0; i < seconds * 4; i++) {
      now += 250;
      if (now % 1000 === 0 && !silent) {
        heard = now;
        if (beats) beat = (beat ?? 0) + 1;
        if (requests) offered += 20;
      }
      watch.look();
    }
  };
  /** The proxy counts from nothing again. */
  const restart = () => {
    beat = 0;
  };
  return { seen, pass, watch, restart };
}

test('a filter that beats is left alone, with traffic and without', () => {
  const { seen, pass, watch } = watched();
  assert.equal(watch.alive, false);
  pass(60, { beats: true, requests: true });
  pass(600, { beats: true });
  assert.deepEqual(seen.revivedAt, []);
  assert.equal(watch.alive, true);
});

test('a filter loaded anew need not beat before it sees a request', () => {
  const { seen, pass } = watched();
  pass(10, { beats: true, requests: true });
  pass(600, {});
  assert.deepEqual(seen.revivedAt, []);
});

test('a beat that comes late, or with every other report, is no failure', () => {
  const { seen, pass } = watched();
  for (let i = 0; i < 50; i++) {
    pass(1, { beats: true, requests: true });
    pass(2, { requests: true });
  }
  assert.deepEqual(seen.revivedAt, []);
});

test('a filter that stops is revived by the third report without a beat', () => {
  const { seen, pass, watch } = watched();
  pass(20, { beats: true, requests: true });
  pass(4, { requests: true });
  assert.deepEqual(seen.revivedAt, [23_000]);
  assert.match(seen.note!, /pushed again/);
  assert.equal(watch.alive, false);
  pass(1, { beats: true, requests: true });
  assert.equal(seen.note, undefined);
  assert.equal(watch.alive, true);
});

test('one request is enough to notice it by', () => {
  const { seen, pass } = watched();
  pass(20, { beats: true, requests: true });
  pass(1, { requests: true });
  pass(2, {});
  assert.deepEqual(seen.revivedAt, [23_000]);
});

test('a proxy that does not report says nothing about its filter', () => {
  const { seen, pass } = watched();
  pass(20, { beats: true, requests: true });
  pass(60, { silent: true });
  pass(2, { requests: true });
  assert.deepEqual(seen.revivedAt, []);
});

test('a proxy that starts is given time for its first beat', () => {
  const { seen, pass } = watched({ loaded: false });
  pass(14, { requests: true });
  assert.deepEqual(seen.revivedAt, []);
  pass(4, { requests: true });
  assert.equal(seen.revivedAt.length, 1);
});

test('one that fails again and again is revived three times an hour, each time after a longer rest', () => {
  const { seen, pass } = watched();
  pass(20, { beats: true, requests: true });
  pass(900, { requests: true });
  assert.deepEqual(seen.revivedAt, [23_000, 28_000, 38_000]);
  assert.match(seen.note!, /three times in an hour/);
  pass(3600, { requests: true });
  assert.equal(seen.revivedAt.length, 6);
});

test('one that is handed nothing, or next to nothing, need not beat', () => {
  for (const share of [0, 1e-6]) {
    const { seen, pass, watch } = watched({ share: () => share });
    pass(600, { requests: true });
    assert.deepEqual([seen.revivedAt, watch.alive], [[], true]);
  }
});

test('one that is handed a share and has beaten goes on beating, whoever comes', () => {
  const { seen, pass } = watched({ share: () => 0.001 });
  pass(20, { beats: true, requests: true });
  pass(4, {});
  assert.deepEqual(seen.revivedAt, [23_000]);
  // Loaded anew, it has seen nothing yet.
  pass(600, { requests: true });
  assert.equal(seen.revivedAt.length, 1);
});

test('one that is handed a share and has never beaten is given the requests it must have had one of', () => {
  const { seen, pass } = watched({ share: () => 0.1 });
  // Of twenty a second it is handed two: after ten seconds it must have had one. Two more reports, and it is given up.
  pass(16, { requests: true });
  assert.deepEqual(seen.revivedAt, [12_000]);
});

test('a proxy started anew begins with no beat that is owed', () => {
  const { seen, pass, restart } = watched({ share: () => 0.001 });
  pass(20, { beats: true, requests: true });
  restart();
  pass(600, { requests: true });
  assert.deepEqual(seen.revivedAt, []);
});

test('what passed while nothing was handed over is not held against the filter afterwards', () => {
  let share = 0;
  const { seen, pass } = watched({ share: () => share });
  pass(600, { requests: true });
  share = 1;
  pass(600, {});
  assert.deepEqual(seen.revivedAt, []);
  pass(4, { requests: true });
  assert.equal(seen.revivedAt.length, 1);
});
