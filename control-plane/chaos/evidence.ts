import { patternFor } from '../guardian/near.ts';
import type { Learned } from '../guardian/ports.ts';
import type { Clock } from '../mesh/clock.ts';
import { describeMitigation, mitigationKinds, type Plan } from '../mesh/mitigation.ts';
import type { Episode, Pattern } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import type { Job, Need } from './curriculum.ts';
import { forgettable } from './forgettable.ts';

/** Turns episodes into evidence for patterns. */
export interface Evidence {
  /** What the episode says of a pattern; returns the pattern it is evidence for. */
  learn(e: Episode, job: Job): Pattern | undefined;
  /**
   * What each of the episodes leaves to do, in their order; the patterns are read once for all of them. An episode whose pattern was
   * forgotten is left out: its plan is to be found anew, not proven.
   */
  recall(episodes: readonly Episode[]): { readonly episode: Episode; readonly need: Need | undefined }[];
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

  function patternOf(e: Episode, all: readonly Pattern[]): Pattern | undefined {
    return e.signature === undefined ? undefined : patternFor(e.signature, e.plan, all);
  }

  function needOf(pattern: Pattern | undefined): Need | undefined {
    if (!pattern || pattern.status === 'trusted') return undefined;
    if (pattern.status === 'retired') return undefined;
    return pattern.controlFailed < 1 ? 'control' : 'success';
  }

  function record(pattern: Pattern, all: readonly Pattern[]): Pattern {
    store.patterns.put(pattern);
    const others = all.filter((p) => p.id !== pattern.id);
    for (const { id } of forgettable(others, clock.now())) store.patterns.delete(id);
    options.onPattern(pattern);
    return pattern;
  }

  function learn(e: Episode, job: Job): Pattern | undefined {
    if (e.invalid !== undefined) return undefined;
    const at = e.endedAt ?? clock.now();
    const all = store.patterns.list();
    if (e.control) {
      const original = store.episodes.get(e.controlOf ?? '');
      const pattern = original && patternOf(original, all);
      // A fault that was not felt this time is no control.
      if (!pattern || e.detectedAfterMs === undefined) return pattern;
      const { signature, plan } = pattern;
      return record(learned.withEvidence(pattern, { signature, plan, at, controlRecovered: e.recovered }), all);
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
    const before = (same && first && patternOf(first, all)) || patternFor(signature, plan, all);
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
      all,
    );
  }

  function recall(episodes: readonly Episode[]) {
    const all = store.patterns.list();
    return episodes.flatMap((episode) => {
      const pattern = patternOf(episode, all);
      return !pattern && healed(episode) ? [] : [{ episode, need: needOf(pattern) }];
    });
  }

  return { learn, recall, needOf };
}

/** A pattern was made of it. */
const healed = (e: Episode): boolean => e.recovered && !e.control && e.plan.length > 0 && e.invalid === undefined;
