import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultKind } from '../mesh/fault.ts';
import type { Action } from '../mesh/mitigation.ts';
import type { DecisionOutcome } from '../mesh/record.ts';
import type { EpisodeResult } from './episode.ts';
import { createTally } from './tally.ts';

const apply: Action = { do: 'apply', mitigation: { kind: 'scale', target: { service: 'cart' }, strength: 1 } };
type Step = readonly [Action, DecisionOutcome['verdict']];

/** An episode that ended, as far as it is counted. */
const result = (detectedAfterMs: number | undefined, steps: readonly Step[]) =>
  ({
    episode: { detectedAfterMs },
    experience: { steps: steps.map(([action, verdict]) => ({ action, verdict })) },
  }) as unknown as EpisodeResult;

const ends: [what: string, result: EpisodeResult, detected: number, tried: number, successful: number][] = [
  ['a fault that was tolerated', result(undefined, []), 0, 0, 0],
  ['one detected at once', result(0, []), 1, 0, 0],
  ['a step that healed', result(900, [[apply, 'kept']]), 1, 1, 1],
  [
    'steps that did not',
    result(900, [
      [apply, 'removed-worse'],
      [apply, 'refused'],
    ]),
    1,
    2,
    0,
  ],
  [
    'the last of several',
    result(900, [
      [apply, 'removed-no-better'],
      [apply, 'kept'],
    ]),
    1,
    2,
    1,
  ],
  [
    'a decision to wait, or to take back',
    result(900, [
      [{ do: 'wait' }, 'kept'],
      [{ do: 'remove-last' }, 'kept'],
    ]),
    1,
    0,
    0,
  ],
];
for (const [what, ended, failuresDetected, mitigationsTried, mitigationsSuccessful] of ends)
  test(`${what} is counted as what it is`, () => {
    const tally = createTally();
    tally.ended(ended);
    const none = { episodes: 0, faultsInjected: 0, byClass: {}, byKind: {} };
    assert.deepEqual(tally.counts(), { ...none, failuresDetected, mitigationsTried, mitigationsSuccessful });
  });

test('faults are counted as a whole, by kind and by the class of the kind', () => {
  const tally = createTally();
  const kinds: FaultKind[] = ['cpu', 'memory', 'outage', 'cpu'];
  for (const kind of kinds)
    tally.fault({ kind, target: { service: 'cart' }, magnitude: 1, share: 1, durationMs: 1000, seed: 1 });
  const { faultsInjected, byKind, byClass } = tally.counts();
  assert.equal(faultsInjected, 4);
  assert.deepEqual(byKind, { cpu: 2, memory: 1, outage: 1 });
  assert.deepEqual(byClass, { exhaustion: 3, outage: 1 });
});

test('it goes on from episode to episode, and each loop has its own', () => {
  const tally = createTally();
  for (const end of [result(900, [[apply, 'kept']]), result(900, [[apply, 'kept']])]) {
    tally.begun();
    tally.ended(end);
  }
  const { episodes, failuresDetected, mitigationsTried, mitigationsSuccessful } = tally.counts();
  assert.deepEqual([episodes, failuresDetected, mitigationsTried, mitigationsSuccessful], [2, 2, 2, 2]);
  assert.equal(createTally().counts().episodes, 0);
});
