import type { ReportInput } from '../api/report.ts';
import type { Store } from '../mesh/store.ts';
import { defaultLimits, type StoreLimits } from '../store/sqlite.ts';

/** All that the store has of the run that began at `since`, for its report; the control plane may be younger than the run. */
export function runRecords(
  store: Store,
  since: number,
  limits: StoreLimits = defaultLimits,
): Pick<ReportInput, 'since' | 'episodes' | 'decisions' | 'incidents' | 'patterns' | 'mostKept'> {
  return {
    since,
    episodes: store.episodes.list({ since }),
    decisions: store.decisions.list({ since }),
    incidents: store.incidents.list({ since }),
    patterns: store.patterns.list(),
    mostKept: limits,
  };
}
