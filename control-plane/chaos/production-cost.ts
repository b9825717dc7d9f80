import type { Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';

/** Measured cost to production of an episode in the shadow. What could not be measured is absent. */
export interface ProductionCost {
  /** CPU seconds of production's entry proxy that went into copies. */
  readonly mirrorCpuSeconds?: number;
  /** How much later the entry's p99 was than in quiet windows before, ms; 0 where it is within their noise. */
  readonly addedP99Ms?: number;
  /** Good answers production lost against its own quiet windows; 0 where that is within their noise. */
  readonly lostGood?: number;
}

/** What the proxy at production's entry did so far; counts that only rise. */
export interface EntryUse {
  /** Copies sent to the shadow. */
  readonly copies: number;
  /** Of the proxy's process; absent where nobody measures it. */
  readonly cpuSeconds?: number;
}

export interface CostMeter {
  /**
   * Takes one window of production in.
   * @param faulted something is broken in the shadow
   * @param troubled production has a trouble of its own, which the shadow is not charged for
   */
  window(snapshot: Snapshot, use: EntryUse, faulted: boolean, troubled: boolean): void;
  /** What production paid for what was done in the shadow between two times, ms since the epoch. */
  between(from: number, to: number): ProductionCost;
}

interface Window {
  readonly at: number;
  readonly offered: number;
  readonly good: number;
  readonly p99: number;
  readonly copies: number;
  readonly cpuSeconds: number | undefined;
  readonly quiet: boolean;
  readonly troubled: boolean;
}

/** Windows kept: longer than an episode with the quiet before it. */
const KEPT = 300;
/** Quiet windows that an episode is compared with, and how many there must be. */
const QUIET = 60;
const ENOUGH = 5;

/**
 * Compares production's windows during an episode with its own quiet ones before: the loop leaves at least a fifth of the time
 * unfaulted, so there are some. Differences within two standard errors are chance and cost nothing. The entry proxy's measured
 * CPU time is divided between requests and copies, a copy weighing as much as a request (measured: about 0.7 of one).
 */
export function createCostMeter(entry: EdgeId): CostMeter {
  let windows: Window[] = [];
  let before: EntryUse | undefined;
  return {
    window(s, use, faulted, troubled) {
      const seconds = s.windowMs / 1000;
      const last = before;
      before = use;
      const cpu =
        use.cpuSeconds === undefined || last?.cpuSeconds === undefined
          ? undefined
          : Math.max(0, use.cpuSeconds - last.cpuSeconds);
      windows.push({
        at: s.at,
        offered: s.entry.offered * seconds,
        good: Math.min(s.entry.good, s.entry.offered) * seconds,
        p99: s.edges[entry]?.latency.p99 ?? 0,
        copies: Math.max(0, use.copies - (last?.copies ?? use.copies)),
        cpuSeconds: cpu,
        quiet: !faulted && !troubled,
        troubled,
      });
      if (windows.length > KEPT) windows = windows.slice(-KEPT);
    },
    between(from, to) {
      const during = windows.filter((w) => w.at > from && w.at <= to);
      const cpu = during.filter((w) => w.cpuSeconds !== undefined);
      const own = during.filter((w) => !w.troubled && w.offered > 0);
      const quiet = windows.filter((w) => w.at <= from && w.quiet && w.offered > 0).slice(-QUIET);
      const comparable = quiet.length >= ENOUGH && own.length > 0;
      return {
        ...(cpu.length > 0 ? { mirrorCpuSeconds: sum(cpu.map(mirrorCpu)) } : {}),
        ...(comparable ? { addedP99Ms: addedP99(own, quiet), lostGood: lostGood(own, quiet) } : {}),
      };
    },
  };
}

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

function mirrorCpu({ copies, offered, cpuSeconds = 0 }: Window): number {
  return copies > 0 ? (cpuSeconds * copies) / (copies + offered) : 0;
}

/** Beyond two standard deviations of the binomial, and one answer that may belong to the window beside. */
function lostGood(during: readonly Window[], quiet: readonly Window[]): number {
  const usual = sum(quiet.map((w) => w.offered));
  // Laplace's rule: that nothing was bad in so many requests does not mean that nothing ever is.
  const bad = (usual - sum(quiet.map((w) => w.good)) + 1) / (usual + 2);
  const offered = sum(during.map((w) => w.offered));
  const missing = offered * (1 - bad) - sum(during.map((w) => w.good));
  return missing > 2 * Math.sqrt(offered * bad * (1 - bad)) + 1 ? missing : 0;
}

/** Of the windows' medians, beyond two standard errors of their difference. */
function addedP99(during: readonly Window[], quiet: readonly Window[]): number {
  const [a, b] = [spread(during.map((w) => w.p99)), spread(quiet.map((w) => w.p99))];
  const added = a.median - b.median;
  return added > 2 * Math.hypot(a.error, b.error) ? added : 0;
}

/** The median and its standard error for something normal: 1.2533 σ/√n, with σ = 1.4826 × the median deviation. */
function spread(xs: readonly number[]): { median: number; error: number } {
  const middle = (of: readonly number[]) => [...of].sort((x, y) => x - y)[Math.floor(of.length / 2)] ?? 0;
  const median = middle(xs);
  const deviation = middle(xs.map((x) => Math.abs(x - median)));
  return { median, error: (1.2533 * 1.4826 * deviation) / Math.sqrt(xs.length) };
}
