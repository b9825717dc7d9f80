import { defaultLimits } from '../../control-plane/xds/limits.ts';
import type { Row } from '../lib/rows.ts';
import { median } from '../lib/stats.ts';
import type { Case } from './cases.ts';
import { casesOf } from './cases.ts';
import type { Contender } from './servers.ts';
import { contenders } from './servers.ts';
import type { Figure } from './session.ts';

const BENCH = 'xds';
/** Ratios are against go-control-plane's linear cache. */
const REFERENCE: Contender = 'gcp-linear';

/** What one contender did in one round of a case, or why there is nothing. */
export interface Run {
  readonly case: string;
  readonly contender: Contender;
  readonly round: number;
  /** How long the session took. */
  readonly seconds: number;
  readonly figures?: readonly Figure[];
  readonly failed?: string;
}

interface Target {
  readonly text: string;
  readonly meets: (ours: number, ratio: number | undefined) => boolean | undefined;
}

const atMost = (most: number): Target => ({
  text: `≤ ${most} × ${REFERENCE}`,
  meets: (_, ratio) => (ratio === undefined ? undefined : ratio <= most),
});

/** What one client may hold by our limits: a request on its way, the names it asked for, answers it has not read. */
const MOST_MIB = (defaultLimits.messageBytes + defaultLimits.namesLength + defaultLimits.queuedBytes) / 2 ** 20;

function hostileTarget(measure: string): Target | undefined {
  if (/cost/.test(measure)) return { text: '≤ 1.05', meets: (ours) => ours <= 1.05 };
  if (/memory/.test(measure)) return { text: `≤ ${MOST_MIB} MiB`, meets: (ours) => ours <= MOST_MIB };
  return undefined;
}

function targetOf(c: Case, measure: string): Target | undefined {
  if (c.programme === 'hostile') return hostileTarget(measure);
  if (c.programme === 'endurance')
    return /growth/.test(measure) ? { text: '≤ 1.05', meets: (ours) => ours <= 1.05 } : undefined;
  if (c.tls)
    return measure === 'change: ACK p99' && c.streams === 1000
      ? { text: '< 250 ms', meets: (ours) => ours < 250 }
      : undefined;
  if (measure === 'memory per stream') return atMost(0.4);
  if (measure === 'reconnect: last ACK') return atMost(0.8);
  if (measure === 'change: last ACK' && c.streams >= 1000) return atMost(0.2);
  return undefined;
}

/** The rows of all runs: medians over rounds. `skipped`: contenders that could not be had, and why. */
export function rowsOf(cases: readonly Case[], runs: readonly Run[], skipped: Readonly<Record<string, string>>): Row[] {
  const rows = cases.flatMap((c) =>
    caseRows(
      c,
      runs.filter((r) => r.case === c.name),
      skipped,
    ),
  );
  return [...rows, ...growthRows(rows)];
}

function caseRows(c: Case, runs: readonly Run[], skipped: Readonly<Record<string, string>>): Row[] {
  const measures = new Map<string, string>();
  for (const run of runs) for (const f of run.figures ?? []) measures.set(f.measure, f.unit);
  const rows: Row[] = [...measures].map(([measure, unit]) => measureRow(c, measure, unit, runs));
  for (const contender of c.contenders) {
    const why = skipped[contender] ?? runs.find((r) => r.contender === contender && r.failed)?.failed;
    if (why) rows.push({ bench: BENCH, case: c.name, measure: contender, unit: '', skipped: why });
  }
  return rows;
}

function measureRow(c: Case, measure: string, unit: string, runs: readonly Run[]): Row {
  const values = new Map<Contender, number[]>();
  for (const run of runs)
    for (const f of run.figures ?? [])
      if (f.measure === measure) values.set(run.contender, [...(values.get(run.contender) ?? []), f.value]);
  const of = (contender: Contender) => median(values.get(contender) ?? []);
  const peers: Record<string, number> = {};
  for (const contender of contenders)
    if (contender !== 'umbra' && values.has(contender)) peers[contender] = of(contender);
  const ours = values.has('umbra') ? of('umbra') : undefined;
  const reference = peers[REFERENCE];
  const ratio = ours !== undefined && reference ? ours / reference : undefined;
  const target = targetOf(c, measure);
  const met = target && ours !== undefined ? target.meets(ours, ratio) : undefined;
  return {
    bench: BENCH,
    case: c.name,
    measure,
    unit,
    ...(ours === undefined ? {} : { ours }),
    peers,
    ...(ratio === undefined ? {} : { ratio }),
    ...(target ? { target: target.text } : {}),
    ...(met === undefined ? {} : { met }),
    rounds: Math.max(0, ...[...values.values()].map((v) => v.length)),
  };
}

/** How the time grows with the streams, from the fewest to the most: 1 is in proportion. */
function growthRows(rows: readonly Row[]): Row[] {
  const growth: Row[] = [];
  for (const protocol of ['delta', 'sotw'] as const) {
    for (const measure of ['change: last ACK', 'reconnect: last ACK']) {
      const of = (n: number) => rows.find((r) => r.case === `${protocol} ${n}` && r.measure === measure);
      const [few, most] = [of(100), of(4000)];
      if (few?.ours === undefined || most?.ours === undefined) continue;
      const per = (a: number, b: number) => b / a / 40;
      const ours = per(few.ours, most.ours);
      const peers: Record<string, number> = {};
      for (const [name, value] of Object.entries(few.peers ?? {}))
        if (most.peers?.[name] !== undefined) peers[name] = per(value, most.peers[name]);
      growth.push({
        bench: BENCH,
        case: `${protocol} 100 → 4000`,
        measure: `${measure}, growth ÷ growth of streams`,
        unit: '×',
        ours,
        peers,
        target: '≤ 1',
        met: ours <= 1,
        rounds: Math.min(few.rounds ?? 0, most.rounds ?? 0),
      });
    }
  }
  return growth;
}

/** Cases by name; without a name, all. Throws on a name no case has. */
export function chosen(streams: readonly number[], names: readonly string[] | undefined): Case[] {
  const cases = casesOf(streams);
  if (!names) return cases;
  return names.map((name) => {
    const found = cases.find((c) => c.name === name);
    if (!found) throw new Error(`no case "${name}"; there are: ${cases.map((c) => c.name).join(', ')}`);
    return found;
  });
}
