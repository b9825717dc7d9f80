import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import type { Mitigation } from '../mesh/mitigation.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import type { Trial } from './trial.ts';
import { createWaiting } from './waiting.ts';

const START = 100_000;
const scale: Mitigation = { kind: 'scale', target: { service: 'pay' }, strength: 1 };
const retry: Mitigation = { kind: 'retry', target: { edge: 'web>pay' }, strength: 1 };

const trial = (kind: Trial['kind'], ...mitigations: Mitigation[]): Trial => ({
  kind,
  leases: mitigations.map((mitigation) => ({ mitigation }) as MitigationLease),
  decisions: [],
  predicted: window(22),
  loadBefore: 0,
  startedAt: START,
  ended: false,
});

/** A window of 25 requests. */
function window(good: number): Goodness {
  return { ...pooled([]), expected: 25, good, ratio: good / 25 };
}
const unseen: Goodness = { ...pooled([]), unseen: true };
const times = (n: number, of: Goodness): Goodness[] => Array(n).fill(of);
const [bad, usual, well] = [window(5), window(22), window(25)];

/** What each window of a second says, the first a second after the start. */
function watch(t: Trial, windows: readonly Goodness[]) {
  const waiting = createWaiting(t);
  return windows.map((now, i) => waiting({ at: START + (i + 1) * 1000, windowMs: 1000 }, now));
}

/** After how many seconds it is given up, and why; the last of `windows` goes on. */
function givenUp(t: Trial, windows: readonly Goodness[]) {
  const said = watch(t, [...windows, ...times(60, windows.at(-1)!)]);
  const seconds = said.findIndex((w) => w.do === 'give up') + 1;
  const end = said[seconds - 1];
  return end?.do === 'give up' ? `${seconds} s, ${end.verdict}: ${end.reason}` : 'never';
}

const replica = trial('apply', scale);
const both = trial('apply', retry, scale);
const late = (seconds: number) => `${seconds} s, refused: the proxies did not acknowledge within ${seconds} s`;
const wellAt = (seconds: number) => `${seconds} s, refused: users were well again before it was in force`;
const worse = (seconds: number, after: string) =>
  `${seconds} s, removed-worse: it made things worse: ${after} good where 88% was predicted without it`;

const table: [what: string, trial: Trial, windows: readonly Goodness[], end: string][] = [
  ['proxies have eight seconds', trial('apply', retry), [usual], late(8)],
  ['so they have to take a replica away', trial('remove', scale), [usual], late(8)],
  ['a replica has time to start as well', replica, [bad], late(38)],
  ['with a step beside it as well', both, [usual], late(38)],
  ['users who are well need no replica, once proxies have had their time', replica, [well], wellAt(8)],
  ['users who become well need none', replica, [...times(11, bad), well], wellAt(14)],
  ['a window without users is neither', replica, [...times(9, bad), well, well, unseen, well], wellAt(13)],
  ['where users are never seen only time ends it', replica, [unseen], late(38)],
  ['users who are well do not end a step that is in force', both, [well], late(38)],
  ['harm by a step beside it ends it, once proxies have had their time', both, [bad], worse(8, '20%')],
  ['harm before is not its own', both, [...times(7, bad), usual], late(38)],
  ['harm that begins later ends it', both, [...times(11, usual), bad], worse(12, '54%')],
  ['harm that is no collapse shows in a second window', both, [window(15)], worse(9, '60%')],
  ['a dip of three windows is no harm', both, [...times(7, usual), ...times(3, window(17)), usual], late(38)],
  ['unseen windows show no harm', both, [...times(7, usual), unseen, unseen, bad], worse(10, '20%')],
];
for (const [what, t, windows, end] of table) test(what, () => assert.equal(givenUp(t, windows), end));

test('a replica alone is judged against the newest three windows before it answers in which users were seen', () => {
  const said = watch(replica, [...times(8, window(10)), window(15), window(20), unseen, window(5)]);
  assert.deepEqual(
    said.slice(6).map((w) => (w.do === 'rebase' ? [w.predicted.good, w.predicted.expected] : w.do)),
    ['wait', [30, 75], [35, 75], [45, 75], 'wait', [40, 75]],
  );
});

test('a step beside it keeps what it was predicted by', () => {
  assert.deepEqual(new Set(watch(both, times(37, usual)).map((w) => w.do)), new Set(['wait']));
});
