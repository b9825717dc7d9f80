import { patternFor } from '../guardian/near.ts';
import type { Learned } from '../guardian/ports.ts';
import type { Clock } from '../mesh/clock.ts';
import { describeMitigation, mitigationKinds, type Plan } from '../mesh/mitigation.ts';
import type { Episode, Pattern } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import type { Job, Need } from './curriculum.ts';

/** Turns episodes into evidence for patterns. */
export interface Evidence {
  /** What the episode says of a pattern; returns the pattern it is evidence for. */
  learn(e: Episode, job: Job): Pattern | undefined;
  /** The pattern an episode's plan belongs to. */
  patternOf(e: Episode): Pattern | undefined;
  /** What a pattern still lacks to be trusted. */
  needOf(pattern: Pattern | undefined): Need | undefined;
}

export function createEvidence(options: {
  readonly store: Pick<Store, 'episodes' | 'patterns'>;
  readonly clock: Clock;
  readonly learned: Pick<Learned, 'withEvidence'>;
  readonly onPattern: (pattern: Pattern) => void;
}): Evidence {
  const { store, clock, learned } = options;

  function patternOf(e: Episode): Pattern | undefined {
    return e.signature === undefined ? undefined : patternFor(e.signature, e.plan, store.patterns.list());
  }

  function needOf(pattern: Pattern | undefined): Need | undefined {
    if (!pattern || pattern.status === 'trusted') return undefined;
    if (pattern.status === 'retired') return undefined;
    return pattern.controlFailed < 1 ? 'control' : 'success';
  }

  function record(pattern: Pattern): Pattern {
    store.patterns.put(pattern);
    options.onPattern(pattern);
    return pattern;
  }

  function learn(e: Episode, job: Job): Pattern | undefined {
    if (e.invalid !== undefined) return undefined;
    const at = e.endedAt ?? clock.now();
    if (e.control) {
      const original = store.episodes.get(e.controlOf ?? '');
      const pattern = original && patternOf(original);
      // A fault that was not felt this time is no control.
      if (!pattern || e.detectedAfterMs === undefined) return pattern;
      const { signature, plan } = pattern;
      return record(learned.withEvidence(pattern, { signature, plan, at, controlRecovered: e.recovered }));
    }
    const signature = e.signature;
    if (signature === undefined || e.detectedAfterMs === undefined) return undefined;
    const plan = e.recovered ? e.plan : job.type === 'replay' ? job.plan : [];
    if (plan.length === 0) return undefined;
    const gain = Math.max(0, (e.goodMitigated ?? 0) - e.goodFaulted);
    const cost = plan.reduce((sum, m) => sum + mitigationKinds[m.kind].cost, 0);
    // A replay is of the very same fault: while the origin is the same, what differs in its name is chance.
    const first = job.type === 'replay' ? store.episodes.get(job.replayOf) : undefined;
    const text = (p: Plan) => p.map(describeMitigation).join('|');
    const same = first?.signature?.split(' ')[0] === signature.split(' ')[0] && text(first?.plan ?? []) === text(plan);
    const before = (same && first && patternOf(first)) || patternFor(signature, plan, store.patterns.list());
    // A plan that failed to heal under a signature it never healed is no pattern.
    if (!e.recovered && !before) return undefined;
    const fault = e.fault.kind;
    return record(
      learned.withEvidence(before, {
        signature: before?.signature ?? signature,
        plan,
        at,
        fault,
        healed: e.recovered,
        gain,
        cost,
      }),
    );
  }

  return { learn, patternOf, needOf };
}
