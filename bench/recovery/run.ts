import { setTimeout as sleep } from 'node:timers/promises';
import { describeMitigation, type Mitigation } from '../../control-plane/mesh/mitigation.ts';
import { type Contender, place } from './contenders.ts';
import { type Recovery, recovery, type Second } from './measure.ts';
import type { Shop } from './shop.ts';
import { settle, type Umbra } from './umbra.ts';

/** One trouble met by one contender once. Times in seconds after onset; Infinity: never while the trouble went on. */
export interface Run extends Recovery {
  readonly trouble: string;
  readonly contender: Contender;
  readonly at: number;
  readonly detectedAfter: number;
  readonly firstActionAfter: number;
  readonly plan: readonly string[];
  readonly source: string;
  readonly undone: number;
  /** Each second: from onset (s), offered, good. What the figures are read from. */
  readonly trace: readonly (readonly [number, number, number])[];
}

/** Calm before the onset, of which the last ten seconds are the baseline. */
const CALM_S = 11;

/** Whether the last seconds were good: what the users saw, whatever Umbra thinks. */
const usersAreWell = (seconds: readonly Second[]): boolean => {
  const last = seconds.slice(-5);
  const sum = (of: (s: Second) => number) => last.reduce((n, s) => n + of(s), 0);
  return last.length === 5 && sum((s) => s.good) >= 0.97 * sum((s) => s.offered);
};

/** Calm, a baseline, the trouble for `troubleMs`, and its end. A spike is measured by the protected priority's good answers. */
export async function runOnce(
  shop: Shop,
  umbra: Umbra,
  what: {
    trouble: string;
    contender: Contender;
    fixed: readonly Mitigation[];
    troubleMs: number;
    protectedOnly: boolean;
  },
): Promise<Run> {
  await umbra.cancelAll();
  await settle(umbra, () => usersAreWell(shop.seconds), 3);
  const pins = await place(umbra, what.contender, what.fixed);
  await settle(umbra, () => usersAreWell(shop.seconds), CALM_S, pins);
  const trouble = await shop.trouble(what.trouble);
  await sleep(what.troubleMs);
  const end = Date.now();
  const [incident] = (await umbra.incidents(trouble.from - 3000)).sort((a, b) => a.onset - b.onset);
  await trouble.stop();
  // The load says what a second was good for once every answer that could be has come.
  while ((shop.seconds.at(-1)?.at ?? 0) < end) await sleep(200);
  const seconds = what.protectedOnly
    ? shop.seconds.map((s) => ({ at: s.at, offered: s.protectedOffered, good: s.protectedGood }))
    : shop.seconds;
  const after = (at: number | undefined) =>
    at === undefined ? Number.POSITIVE_INFINITY : Math.max(0, (at - trouble.from) / 1000);
  return {
    trouble: what.trouble,
    contender: what.contender,
    at: trouble.from,
    ...recovery(seconds, trouble.from, end),
    detectedAfter: after(incident?.detectedAt),
    firstActionAfter: after(incident?.firstActionAt),
    plan: (incident?.plan ?? []).map(describeMitigation),
    source: incident?.source ?? 'none',
    undone: incident?.undone ?? 0,
    trace: seconds
      .filter((s) => s.at >= trouble.from - 10_000 && s.at <= end)
      .map((s) => [Math.round((s.at - trouble.from) / 100) / 10, s.offered, s.good] as const),
  };
}
