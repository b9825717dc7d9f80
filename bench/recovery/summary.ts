import type { Row } from '../lib/rows.ts';
import { median } from '../lib/stats.ts';
import { type Contender, contenders } from './contenders.ts';
import type { Run } from './run.ts';

const DETECT_S = 5;
const RECOVER_S = 20;

const of = (runs: readonly Run[], trouble: string, who: Contender) =>
  runs.filter((r) => r.trouble === trouble && r.contender === who);

/** Rows of the one form: per trouble, medians of ours and of each peer, and the worst of ours. */
export function rowsOf(runs: readonly Run[]): Row[] {
  const rows: Row[] = [];
  for (const trouble of [...new Set(runs.map((r) => r.trouble))]) {
    const ours = of(runs, trouble, 'umbra');
    const measure = (
      name: string,
      unit: string,
      read: (r: Run) => number,
      target?: { text: string; met: (v: number) => boolean },
    ) => {
      const value = median(ours.map(read));
      const peers: Record<string, number> = {};
      for (const who of contenders) {
        const theirs = of(runs, trouble, who);
        if (who !== 'umbra' && theirs.length > 0) peers[who] = median(theirs.map(read));
      }
      rows.push({
        bench: 'recovery',
        case: trouble,
        measure: name,
        unit,
        ours: value,
        peers,
        ...(peers.random === undefined ? {} : { ratio: value / peers.random }),
        ...(target && ours.length > 0 ? { target: target.text, met: target.met(value) } : {}),
        rounds: ours.length,
      });
    };
    measure('detected', 's after onset, median', (r) => r.detectedAfter, {
      text: `≤ ${DETECT_S}`,
      met: (v) => v <= DETECT_S,
    });
    measure('recovered', 's after onset, median', (r) => r.recoveredAfter, {
      text: `≤ ${RECOVER_S}`,
      met: (v) => v <= RECOVER_S,
    });
    measure('goodput while it went on', 'share of before, median', (r) => r.during);
    if (ours.length > 0) {
      rows.push({
        bench: 'recovery',
        case: trouble,
        measure: 'recovered, worst',
        unit: 's after onset',
        ours: Math.max(...ours.map((r) => r.recoveredAfter)),
        rounds: ours.length,
      });
      rows.push({
        bench: 'recovery',
        case: trouble,
        measure: 'hurt',
        unit: 'lowest 3 s as share of before, no Umbra',
        ...optional(median(of(runs, trouble, 'none').map((r) => r.worst))),
        rounds: of(runs, trouble, 'none').length,
      });
    }
  }
  return rows;
}

const optional = (value: number) => (Number.isNaN(value) ? {} : { ours: value });

/** What the issue asks across the troubles, in words with the figures. */
export function verdicts(runs: readonly Run[]): string[] {
  const troubles = [...new Set(runs.map((r) => r.trouble))];
  const ours = runs.filter((r) => r.contender === 'umbra');
  const plans = new Set(
    ours.filter((r) => r.plan.length > 0 && Number.isFinite(r.recoveredAfter)).map((r) => r.plan.join(' → ')),
  );
  const sources = ours.map((r) => r.source);
  const better = troubles.filter((t) => {
    const mine = median(of(runs, t, 'umbra').map((r) => r.recoveredAfter));
    const theirs = median(of(runs, t, 'random').map((r) => r.recoveredAfter));
    return mine < theirs;
  });
  const count = (s: string) => sources.filter((x) => x === s).length;
  return [
    `plans that recovered: ${plans.size} different, ${[...plans].filter((p) => p.includes(' → ')).length} of two steps or more`,
    `source: pattern ${count('pattern')}, policy ${count('policy')}, none ${count('none')} of ${ours.length} runs`,
    `faster than random order in the median of ${better.length} of ${troubles.length} troubles: ${better.join(', ') || '–'}`,
  ];
}
