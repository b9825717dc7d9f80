import { type Buckets, merge } from './histogram.ts';
import type { Report } from './report.ts';

/** What one proxy measured between two ticks, as rates over its own clock. */
export interface ProxyWindow {
  /** Per second, by counter key. */
  readonly rates: ReadonlyMap<string, number>;
  readonly gauges: ReadonlyMap<string, number>;
  readonly latencies: ReadonlyMap<string, Buckets>;
}

/** A proxy gives its uptime in whole seconds, up to one too many or too few: the difference of two clocks cut to seconds. */
const UPTIME_STEP_MS = 1000;

/** From one push to the next, where no clock tells. */
const USUAL_PUSH_MS = 1000;

const nothing: ProxyWindow = { rates: new Map(), gauges: new Map(), latencies: new Map() };

/**
 * Turns one proxy's pushes into windows. Pushes come about once a second, not in step with the ticks: increases are divided
 * by the time between the pushes they came with, and a tick without a push repeats the window before.
 */
export class ProxyWindows {
  readonly #since: number;
  #previous: Report | undefined;
  #increases = new Map<string, number>();
  #latencies = new Map<string, Buckets>();
  #spanMs = 0;
  #last = nothing;
  #totals = new Map<string, number>();
  /** When the newest push arrived, on the collector's clock; undefined before the first. */
  heardAt: number | undefined;
  /** It has pushed what can be measured: a first push may only say where its counters stand. */
  measured = false;

  /** @param since when the collector began, on its clock */
  constructor(since: number) {
    this.#since = since;
  }

  /** @param receivedAt on the collector's clock */
  add(report: Report, receivedAt: number): void {
    const before = this.#before(report, receivedAt);
    const sinceHeard = receivedAt - (this.heardAt ?? receivedAt);
    this.heardAt = receivedAt;
    this.#previous = report;
    if (!before) return;
    this.measured = true;
    // A clock that was set back says nothing of how long it was.
    this.#spanMs += [report.at - before.at, sinceHeard].find((ms) => ms > 0) ?? USUAL_PUSH_MS;
    for (const [key, value] of report.counters) {
      const old = before.counters.get(key) ?? 0;
      // A counter that fell began anew.
      this.#increase(key, value >= old ? value - old : value);
    }
    for (const [key, value] of report.increases) this.#increase(key, value);
    for (const [key, buckets] of report.latencies) {
      const known = this.#latencies.get(key);
      this.#latencies.set(key, known ? merge(known, buckets) : buckets);
    }
  }

  #increase(key: string, by: number): void {
    this.#increases.set(key, (this.#increases.get(key) ?? 0) + by);
    this.#totals.set(key, (this.#totals.get(key) ?? 0) + by);
  }

  /**
   * The state that counters grew from. A first push says where they stand, not how they got there, unless the proxy is
   * younger than this collector: then they grew from nothing. So they did in a proxy that was started anew in between; an
   * uptime that fell with the clock it is taken from was not.
   */
  #before({ at, uptimeMs }: Report, receivedAt: number): Pick<Report, 'at' | 'counters'> | undefined {
    const previous = this.#previous;
    if (uptimeMs === undefined) return previous;
    const young = previous
      ? (previous.uptimeMs ?? 0) > uptimeMs && at > previous.at
      : uptimeMs < receivedAt - this.#since + UPTIME_STEP_MS;
    return young ? { at: at - Math.max(UPTIME_STEP_MS, uptimeMs), counters: new Map() } : previous;
  }

  /** Closes the window. */
  take(): ProxyWindow {
    if (this.#spanMs === 0) return this.#last;
    const seconds = this.#spanMs / 1000;
    this.#last = {
      rates: new Map([...this.#increases].map(([key, n]) => [key, n / seconds])),
      gauges: this.#previous?.gauges ?? new Map(),
      latencies: this.#latencies,
    };
    this.#increases = new Map();
    this.#latencies = new Map();
    this.#spanMs = 0;
    return this.#last;
  }

  /** Increases since the first push, by counter key. */
  totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  /** A counter or gauge as the proxy last gave it. */
  latest(key: string): number | undefined {
    return this.#previous?.counters.get(key) ?? this.#previous?.gauges.get(key);
  }
}
