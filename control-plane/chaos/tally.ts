import { type Fault, type FaultClass, faultKinds } from '../mesh/fault.ts';
import type { EpisodeResult } from './episode.ts';

/** What the loop has done since it was made. */
export interface Tally {
  /** An episode begins. */
  begun(): void;
  /** A fault was in force. */
  fault(fault: Fault): void;
  ended(result: EpisodeResult): void;
  counts(): {
    readonly episodes: number;
    readonly faultsInjected: number;
    readonly failuresDetected: number;
    readonly mitigationsTried: number;
    readonly mitigationsSuccessful: number;
    readonly byClass: Readonly<Partial<Record<FaultClass, number>>>;
    readonly byKind: Readonly<Record<string, number>>;
  };
}

export function createTally(): Tally {
  const counts = { episodes: 0, faultsInjected: 0, failuresDetected: 0, mitigationsTried: 0, mitigationsSuccessful: 0 };
  const byClass: Partial<Record<FaultClass, number>> = {};
  const byKind: Record<string, number> = {};
  return {
    begun() {
      counts.episodes++;
    },
    fault({ kind }) {
      counts.faultsInjected++;
      const { class: faultClass } = faultKinds[kind];
      byClass[faultClass] = (byClass[faultClass] ?? 0) + 1;
      byKind[kind] = (byKind[kind] ?? 0) + 1;
    },
    ended({ episode, experience }) {
      if (episode.detectedAfterMs !== undefined) counts.failuresDetected++;
      const tried = experience.steps.filter((s) => s.action.do === 'apply');
      counts.mitigationsTried += tried.length;
      counts.mitigationsSuccessful += tried.filter((s) => s.verdict === 'kept').length;
    },
    counts: () => ({ ...counts, byClass, byKind }),
  };
}
