import type { Rng } from '../mesh/rng.ts';

/** One thing tried for real and what came of it, with everything needed to learn from it and to judge other policies by it. */
export interface Experienced {
  /** Rows of all allowed candidates of the decision but waiting, [n, features]. */
  readonly rows: Float32Array;
  /** Which of them was tried; −1 = it waited. */
  readonly tried: number;
  /** What the behaviour policy chose it with. */
  readonly probability: number;
  /** Measured advantage over waiting, shares of goodput. */
  readonly advantage: number;
  /** What the policy the refinement started from thinks of each row: what is not tried should stay as it was. */
  readonly prior: Float32Array;
}

/**
 * Remembers experiences, at most `capacity` in each half: one to learn from, one (every fifth) that is never learned from and
 * judges what was learned. When full, a random old one gives way, so that rare troubles are not swept out by frequent ones.
 */
export class ReplayBuffer {
  readonly #capacity: number;
  readonly #rng: Rng;
  readonly learned: Experienced[] = [];
  readonly heldOut: Experienced[] = [];
  #seen = 0;

  constructor(capacity: number, rng: Rng) {
    this.#capacity = capacity;
    this.#rng = rng;
  }

  get seen(): number {
    return this.#seen;
  }

  add(e: Experienced): void {
    const list = this.#seen++ % 5 === 4 ? this.heldOut : this.learned;
    if (list.length < this.#capacity) list.push(e);
    else list[this.#rng.below(list.length)] = e;
  }
}
