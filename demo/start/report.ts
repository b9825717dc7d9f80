import type { Report, ReportIncident } from '../../control-plane/api/report.schema.ts';
import type { Summary } from '../load/generator.ts';

/** When a trouble was on, ms since the epoch. */
export interface TroubleTime {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What only whoever made traffic and troubles can know. */
export interface Truth {
  readonly load?: Pick<Summary, 'offered' | 'good'>;
  readonly troubles: readonly TroubleTime[];
  /** Absent: could not be checked. */
  readonly leakedWrites?: number;
}

/** An onset may be dated a little before its cause. */
const EARLY_MS = 2_000;
/** What a trouble leaves behind (queues, ejected replicas) may flare up after it. */
const AFTERMATH_MS = 20_000;

/** The trouble behind an incident: the last one that was on at its onset, or shortly before. */
export function troubleOf(
  incident: Pick<ReportIncident, 'onset'>,
  troubles: readonly TroubleTime[],
): string | undefined {
  return troubles.findLast(({ from, to }) => incident.onset >= from - EARLY_MS && incident.onset <= to + AFTERMATH_MS)
    ?.name;
}

/** The control plane's report, completed with the truth: it is not told of troubles and believes its own counters. */
export function complete(report: Report, truth: Truth): Report {
  const incidents = report.production.incidents.map(({ trouble: _, ...incident }) => {
    const trouble = troubleOf(incident, truth.troubles);
    return trouble === undefined ? incident : { trouble, ...incident };
  });
  return {
    ...report,
    traffic: { ...report.traffic, ...(truth.load ? { offered: truth.load.offered, good: truth.load.good } : {}) },
    shadow: {
      ...report.shadow,
      ...(truth.leakedWrites === undefined ? {} : { leakedWrites: truth.leakedWrites }),
    },
    production: { incidents, falseAlarms: incidents.filter((incident) => !('trouble' in incident)).length },
  };
}
