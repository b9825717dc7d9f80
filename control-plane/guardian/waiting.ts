import type { Snapshot } from '../mesh/snapshot.ts';
import { recovered } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { figures, onlyScales, PATIENCE_MS, patienceOf, type Trial } from './trial.ts';
import { createVerifier, type Verifier } from './verification.ts';

/** What a window says of a trial that is not in force as a whole. */
export type Waited =
  | { readonly do: 'wait' }
  /** How things are without it is to be taken from the windows just before it answers, not from those of its decision. */
  | { readonly do: 'rebase'; readonly predicted: Goodness }
  | { readonly do: 'give up'; readonly verdict: 'refused' | 'removed-worse'; readonly reason: string };

/**
 * Watches one trial while it is waited for. A replica that starts slowly is judged against the windows just before it answers; steps
 * beside it, which are in force, must do no harm meanwhile.
 */
export function createWaiting(t: Trial): (window: Pick<Snapshot, 'at' | 'windowMs'>, now: Goodness) => Waited {
  const seen: Goodness[] = [];
  /** Looks for harm. */
  let guard: Verifier | undefined;
  return ({ at, windowMs }, now) => {
    const ms = at - t.startedAt;
    if (ms >= patienceOf(t)) {
      const reason = `the proxies did not acknowledge within ${patienceOf(t) / 1000} s`;
      return { do: 'give up', verdict: 'refused', reason };
    }
    if (!now.unseen) seen.push(now);
    if (ms < PATIENCE_MS || now.unseen) return { do: 'wait' };
    if (!onlyScales(t.leases)) {
      const { predicted } = t;
      guard ??= createVerifier({ predicted, effectiveAt: at - windowMs, trialMs: patienceOf(t), graceMs: 0 });
      const { verdict, after } = guard.update(at, windowMs, now);
      if (verdict !== 'worse') return { do: 'wait' };
      return { do: 'give up', verdict: 'removed-worse', reason: `it made things worse: ${figures(t, after)}` };
    }
    if (recovered(seen))
      return { do: 'give up', verdict: 'refused', reason: 'users were well again before it was in force' };
    return { do: 'rebase', predicted: pooled(seen.slice(-3)) };
  };
}
