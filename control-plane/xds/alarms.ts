import type { Clock } from '../mesh/clock.ts';

/** Why a timer ends; an abort without a reason makes an error with its stack for each. */
const NOT_NEEDED = 'not needed any more';

/** Who is woken. */
export interface Sleeper {
  wake(): void;
}

interface Bell {
  readonly sleepers: Set<Sleeper>;
  readonly timer: AbortController;
}

/**
 * Wakes streams at times of a clock, with one timer for all that are due in the same millisecond: after a change thousands are,
 * and a timer of its own would cost each more than its answer.
 */
export class Alarms {
  readonly #clock: Clock;
  /** By when, ms since the epoch. */
  readonly #bells = new Map<number, Bell>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes at `at`, ms since the epoch, unless {@link cancel} is called before. */
  set(at: number, sleeper: Sleeper): void {
    const bell = this.#bells.get(at);
    if (bell) bell.sleepers.add(sleeper);
    else this.#hang(at, sleeper);
  }

  cancel(at: number, sleeper: Sleeper): void {
    const bell = this.#bells.get(at);
    if (!bell?.sleepers.delete(sleeper) || bell.sleepers.size > 0) return;
    this.#bells.delete(at);
    bell.timer.abort(NOT_NEEDED);
  }

  #hang(at: number, first: Sleeper): void {
    const bell: Bell = { sleepers: new Set([first]), timer: new AbortController() };
    this.#bells.set(at, bell);
    this.#clock.sleep(at - this.#clock.now(), bell.timer.signal).then(
      () => {
        this.#bells.delete(at);
        for (const sleeper of bell.sleepers) sleeper.wake();
      },
      () => {},
    );
  }
}
