import type { Clock } from '../mesh/clock.ts';
import type { NodeRecord } from './node.ts';
import type { Settlement, SettlingStream } from './settle.ts';
import { progress } from './settle.ts';

interface Waiter {
  readonly revision: number;
  readonly settle: (settlement: Settlement) => void;
}

/** Who waits for revisions of one node to be acknowledged. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();
  readonly #clock: Clock;
  readonly #record: NodeRecord;
  readonly #streams: ReadonlySet<SettlingStream>;
  #timer: AbortController | undefined;

  constructor(clock: Clock, record: NodeRecord, streams: ReadonlySet<SettlingStream>) {
    this.#clock = clock;
    this.#record = record;
    this.#streams = streams;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves when the revision is settled; when the signal aborts first, with what was open then. Never rejects. */
  wait(revision: number, signal?: AbortSignal): Promise<Settlement> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        revision,
        settle: (settlement) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          resolve(settlement);
        },
      };
      const onAbort = () => {
        const now = this.#clock.now();
        const state = progress(this.#record, revision, [...this.#streams], now);
        waiter.settle(state.state === 'settled' ? state.settlement : { state: 'absent', detail: state.why, at: now });
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.advance();
      if (signal?.aborted && this.#waiters.has(waiter)) onAbort();
    });
  }

  /** Looks how far things are, and decides when to look again if nothing happens. */
  advance(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    if (this.#waiters.size === 0) return;
    const now = this.#clock.now();
    let until: number | undefined;
    for (const waiter of [...this.#waiters]) {
      const state = progress(this.#record, waiter.revision, [...this.#streams], now);
      if (state.state === 'settled') waiter.settle(state.settlement);
      else if (state.until !== undefined) until = Math.min(until ?? state.until, state.until);
    }
    if (until === undefined) return;
    const timer = new AbortController();
    this.#timer = timer;
    this.#clock.sleep(Math.max(1, until - now), timer.signal).then(
      () => this.advance(),
      () => {},
    );
  }

  /** Tells everybody that there is nothing to wait for any more. */
  end(detail: string): void {
    this.#timer?.abort();
    for (const waiter of [...this.#waiters]) waiter.settle({ state: 'absent', detail, at: this.#clock.now() });
  }
}
