/** What one window adds to a {@link CountCusum}: how many of `n` were bad, against `p0` (in order) and `p1` (not). */
export interface CountSample {
  readonly n: number;
  readonly bad: number;
  readonly p0: number;
  readonly p1: number;
}

export interface CusumState {
  /** The alarm holds. */
  readonly active: boolean;
  /** Evidence in nats: log-likelihood of `p1` over `p0` since the excursion began, 0 when there is none. */
  readonly evidence: number;
  /** End of the last window before the present excursion, ms; undefined while there is none. */
  readonly since: number | undefined;
}

/**
 * Page's cumulative sum over counts (E. S. Page, 1954), the test that detects a shift soonest for a given rate of false alarms:
 * S ← max(0, S + bad·ln(p1/p0) + (n−bad)·ln((1−p1)/(1−p0))), alarm above `threshold` nats.
 *
 * Two additions, because a busy machine hiccups and Poisson traffic does not: one window adds at most a third of the threshold
 * (half when much of it was bad), so that no single second raises an alarm; and the alarm ends after `calm` windows below the
 * middle of p0 and p1, so that it does not hang on old evidence.
 */
export class CountCusum {
  readonly #threshold: number;
  readonly #calmWindows: number;
  #s = 0;
  #active = false;
  #calm = 0;
  #since: number | undefined;
  #lastAt: number | undefined;

  constructor(threshold: number, calmWindows = 3) {
    this.#threshold = threshold;
    this.#calmWindows = calmWindows;
  }

  update(at: number, windowMs: number, sample: CountSample): CusumState {
    const n = Math.max(0, finite(sample.n));
    const bad = Math.min(n, Math.max(0, finite(sample.bad)));
    const p0 = Math.min(0.9, Math.max(1e-4, finite(sample.p0)));
    const p1 = Math.min(0.99, Math.max(p0 * 1.5, finite(sample.p1)));
    const ratio = n > 0 ? bad / n : 0;
    const llr = bad * Math.log(p1 / p0) + (n - bad) * Math.log((1 - p1) / (1 - p0));
    const cap = (this.#threshold / (ratio >= 0.4 ? 2 : 3)) * 1.0001;
    const before = this.#s;
    this.#s = Math.min(2 * this.#threshold, Math.max(0, before + Math.min(cap, llr)));
    if (before === 0 && this.#s > 0) this.#since = this.#lastAt ?? at - windowMs;
    if (this.#s === 0 && !this.#active) this.#since = undefined;
    if (this.#s > this.#threshold) this.#active = true;
    this.#calm = ratio <= (p0 + p1) / 2 ? this.#calm + 1 : 0;
    if (this.#active && this.#calm >= this.#calmWindows) this.reset();
    this.#lastAt = at;
    return { active: this.#active, evidence: this.#s, since: this.#since };
  }

  /** Forgets all evidence. */
  reset(): void {
    this.#s = 0;
    this.#active = false;
    this.#calm = 0;
    this.#since = undefined;
  }
}

/** Two of the last three windows raise it, three windows without end it: for levels that are not counts. */
export class TwoOfThree {
  #recent: boolean[] = [];
  #active = false;
  #since: number | undefined;

  update(at: number, windowMs: number, holds: boolean): { active: boolean; since: number | undefined } {
    this.#recent = [...this.#recent.slice(-2), holds];
    const held = this.#recent.filter(Boolean).length;
    if (holds && this.#since === undefined) this.#since = at - windowMs;
    if (held >= 2) this.#active = true;
    if (held === 0) {
      this.#active = false;
      this.#since = undefined;
    }
    return { active: this.#active, since: this.#since };
  }
}

const finite = (x: number) => (Number.isFinite(x) ? x : 0);
