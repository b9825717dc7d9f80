import type { Diagnosis } from '../mesh/record.ts';
import type { Goodness } from '../telemetry/goodness.ts';
import type { WindowState } from '../telemetry/healthy.ts';

/** Windows of unchanged symptoms without impairment after which they are how this application is. */
const NEW_NORMAL = 600;
/** While nothing is known yet, goodput below this is no state to learn; but for ever waiting would be worse. */
const FIRST_RATIO = 0.9;
const FIRST_PATIENCE = 60;

/**
 * What a window says of health. Clean: users seen, nothing impaired, no symptom (a surge that is served is none), no fault or
 * mitigation in it. Returns a rule with memory: what ails for ten minutes without hurting users is taken as the new normal.
 */
export function createCleanRule(): (d: Diagnosis, now: Goodness, learning: boolean, touched: boolean) => WindowState {
  let ailing = 0;
  let waited = 0;
  return (d, now, learning, touched) => {
    if (now.unseen) return 'unwell';
    const ails = d.symptoms.some((s) => s.kind !== 'surge');
    // A trouble counts first: what is in force may be there because of it. One that nobody notices is not told from none.
    if (touched) return d.impaired || ails ? 'unwell' : 'touched';
    if (learning) {
      if (now.expected <= 0) return 'unwell';
      waited++;
      return now.ratio >= FIRST_RATIO || waited > FIRST_PATIENCE ? 'clean' : 'unwell';
    }
    if (d.impaired) {
      ailing = 0;
      return 'unwell';
    }
    ailing = ails ? ailing + 1 : 0;
    return ailing === 0 || ailing > NEW_NORMAL ? 'clean' : 'unwell';
  };
}
