import { type Buckets, merge } from './histogram.ts';
import type { Report } from './report.ts';

/** What one proxy measured between two ticks, as rates over its own clock. */
export interface ProxyWindow {
  /** Per second, by counter key. */
  readonly rates: ReadonlyMap<string, number>;
  readonly gauges: ReadonlyMap<string, number>;
  readonly latencies: ReadonlyMap<string, Buckets>;
}

const nothing: ProxyWindow = { rates: new Map(), gauges: new Map(), latencies: new Map() };

/**
 * Turns one proxy's pushes into windows. Pushes come about once a second, not in step with the ticks: increases are divided
 * by the time between the pushes they came with, and a tick without a push repeats the window before.
 */
export class ProxyWindows {
  #previous: Report | undefined;
  #increases = new Map<string, number>();
  #latencies = new Map<string, Buckets>();
  #spanMs = 0;
  #last = nothing;
  #totals = new Map<string, number>();
  /** When the newest push arrived, on the collector's clock; undefined before the first. */
  heardAt: number | undefined;

  /** @param receivedAt on the collector's clock */
  add(report: Report, receivedAt: number): void {
    const before = this.#previous;
    this.heardAt = receivedAt;
    this.#previous = report;
    // The first push says where counters stand, not how they got there: the proxy may be older than this collector.
    if (!before) return;
    this.#spanMs += Math.max(1, report.at - before.at);
    for (const [key, value] of report.counters) {
      const old = before.counters.get(key) ?? 0;
      // A counter that fell began anew with its proxy.
      const increase = value >= old ? value - old : value;
      this.#increases.set(key, (this.#increases.get(key) ?? 0) + increase);
      this.#totals.set(key, (this.#totals.get(key) ?? 0) + increase);
    }
    for (const [key, buckets] of report.latencies) {
      const known = this.#latencies.get(key);
      this.#latencies.set(key, known ? merge(known, buckets) : buckets);
    }
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
