/** One second of load, by when its requests were due. Written once every answer that could be good has come. */
export interface Second {
  /** Start of the second, ms since the epoch. */
  readonly at: number;
  readonly offered: number;
  /** Answered as asked for, within the SLO from when it was due. */
  readonly good: number;
  /** Answered with a failure, or not at all. */
  readonly failed: number;
  /** Neither good nor failed by now: too late, or still out. */
  readonly late: number;
  readonly protectedOffered: number;
  readonly protectedGood: number;
  /** Of what was answered by now, ms from when it was due; 0 when nothing was. */
  readonly p50: number;
  readonly p99: number;
}

export interface Totals {
  readonly offered: number;
  readonly good: number;
  readonly failed: number;
  readonly late: number;
  readonly protectedOffered: number;
  readonly protectedGood: number;
  /** Of everything answered. */
  readonly p50: number;
  readonly p99: number;
  /** Failures by what was wrong: `503`, `ECONNRESET`, `timeout`. */
  readonly failures: Readonly<Record<string, number>>;
}

interface Counts {
  offered: number;
  good: number;
  failed: number;
  protectedOffered: number;
  protectedGood: number;
  latencies: number[];
}

const empty = (): Counts => ({ offered: 0, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0, latencies: [] });
/** Latencies kept for the totals' quantiles: every one of a ten-minute run at 100/s, then a uniform sample. */
const MAX_LATENCIES = 60_000;

/** Counts requests by the second they were due in. Knows no clock and no network. */
export class Tally {
  readonly #sloMs: number;
  #open = new Map<number, Counts>();
  #total = empty();
  #answered = 0;
  #failures: Record<string, number> = {};
  #from: number | undefined;

  constructor(sloMs: number) {
    this.#sloMs = sloMs;
  }

  offered(dueAt: number, isProtected: boolean): void {
    this.#from ??= secondOf(dueAt);
    for (const counts of [this.#second(dueAt), this.#total]) {
      counts.offered++;
      if (isProtected) counts.protectedOffered++;
    }
  }

  /** `failure` absent: answered as asked for. */
  answered(dueAt: number, at: number, isProtected: boolean, failure?: string): void {
    const latency = at - dueAt;
    const good = failure === undefined && latency <= this.#sloMs;
    if (failure !== undefined) this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
    this.#answered++;
    // A second that was written already keeps its numbers; the totals take everything.
    for (const counts of [this.#open.get(secondOf(dueAt)), this.#total]) {
      if (!counts) continue;
      if (good) counts.good++;
      if (good && isProtected) counts.protectedGood++;
      if (failure !== undefined) counts.failed++;
      if (counts.latencies.length < MAX_LATENCIES) counts.latencies.push(latency);
      else counts.latencies[Math.floor(Math.random() * this.#answered)] &&= latency;
    }
  }

  /** Takes the seconds that are complete at `now`: over for longer than the SLO. Seconds without a request are there too. */
  take(now: number): Second[] {
    const done: Second[] = [];
    while (this.#from !== undefined && this.#from + 1000 + this.#sloMs <= now) {
      const counts = this.#open.get(this.#from) ?? empty();
      this.#open.delete(this.#from);
      const { latencies, ...rest } = counts;
      const sorted = latencies.sort((a, b) => a - b);
      done.push({
        at: this.#from,
        ...rest,
        late: counts.offered - counts.good - counts.failed,
        p50: quantile(sorted, 0.5),
        p99: quantile(sorted, 0.99),
      });
      this.#from += 1000;
    }
    return done;
  }

  totals(): Totals {
    const { latencies, ...rest } = this.#total;
    const sorted = latencies.toSorted((a, b) => a - b);
    return {
      ...rest,
      late: rest.offered - rest.good - rest.failed,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      failures: { ...this.#failures },
    };
  }

  #second(dueAt: number): Counts {
    const second = Math.max(secondOf(dueAt), this.#from ?? 0);
    let counts = this.#open.get(second);
    if (!counts) {
      counts = empty();
      this.#open.set(second, counts);
    }
    return counts;
  }
}

const secondOf = (ms: number) => Math.floor(ms / 1000) * 1000;

/** The nearest-rank quantile of ascending numbers, rounded to 0.1; 0 of none. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return 0;
  return Math.round(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]! * 10) / 10;
}
