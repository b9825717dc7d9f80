import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildReport } from '../api/report.ts';
import type { Episode } from '../mesh/record.ts';
import { defaultLimits, openStore } from '../store/sqlite.ts';
import { runRecords } from './run-records.ts';

const episode = (n: number): Episode => ({
  id: `e${n}`,
  startedAt: n,
  fault: { kind: 'latency', target: { service: 'cart' }, magnitude: 0.5, share: 1, durationMs: 1000, seed: n },
  control: false,
  reached: [],
  plan: [],
  decisions: [],
  goodBaseline: 1,
  goodFaulted: 0.5,
  recovered: false,
});

/** The report of a run that began at 100, over a store that keeps so many episodes and was given so many. */
function reportOf(t: TestContext, episodes: { from: number; to: number; kept?: number }) {
  const limits = { ...defaultLimits, ...(episodes.kept === undefined ? {} : { episodes: episodes.kept }) };
  const store = openStore(':memory:', { limits });
  t.after(() => store.close());
  for (let n = episodes.from; n <= episodes.to; n++) store.episodes.put(episode(n));
  return buildReport({
    ...runRecords(store, 100, limits),
    traffic: { offered: 0, good: 0 },
    mirror: { mirrored: 0, dropped: {} },
    fidelity: { routes: [], unfaultedShare: 1 },
    denied: { denied: {}, deniedTargets: [] },
    xds: { pushes: 0, acks: 0, nacks: 0 },
    learning: { trainingSteps: 0, policyVersion: 'v' },
  });
}

test('a long run is counted whole, and only it', (t) => {
  const { shadow, notes } = reportOf(t, { from: 51, to: 3099 });
  assert.deepEqual([shadow.episodes, shadow.faultsInjected, notes], [3000, 3000, undefined]);
});

test('where the store has pruned records of the run, the report says that the counts are lower bounds', (t) => {
  const { shadow, notes } = reportOf(t, { from: 51, to: 160, kept: 50 });
  assert.equal(shadow.episodes, 50);
  assert.match(notes!.join(), /episodes/);
  assert.doesNotMatch(notes!.join(), /incidents/);
});

test('a store that is full of another run’s records has all of this one', (t) => {
  assert.equal(reportOf(t, { from: 51, to: 105, kept: 50 }).notes, undefined);
});
