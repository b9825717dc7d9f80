import type { Rng } from '../../mesh/rng.ts';
import { FEATURE_COUNT } from '../features/features.ts';
import { type Normalisation, normaliseRow } from '../onnx/network.ts';
import type { Batch } from '../onnx/trainer.ts';

/** Advantages beyond this are not told apart. */
const MOST = 1.5;
/** Deviation of the noise on normalised features, and the share of them that is blanked: a real mesh is not the simulated one. */
const NOISE = 0.08;
const BLANK = 0.01;

/** Labelled rows, grouped by the situation they come from: the unit that is bootstrapped and held out. */
export class Dataset {
  #x: Float32Array = new Float32Array(1024 * FEATURE_COUNT);
  #y: Float32Array = new Float32Array(1024);
  #group: Int32Array = new Int32Array(1024);
  #rows = 0;
  #groups = 0;

  get rows(): number {
    return this.#rows;
  }

  get groups(): number {
    return this.#groups;
  }

  /** Adds one situation: rows of features and their advantages. Rows that are not finite are left out. */
  add(x: Float32Array, advantages: ArrayLike<number>): void {
    const group = this.#groups++;
    for (let i = 0; i < advantages.length; i++) {
      const y = advantages[i]!;
      const row = x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT);
      if (!Number.isFinite(y) || !row.every(Number.isFinite)) continue;
      if (this.#rows === this.#y.length) this.#grow();
      this.#x.set(row, this.#rows * FEATURE_COUNT);
      this.#y[this.#rows] = Math.max(-MOST, Math.min(MOST, y));
      this.#group[this.#rows++] = group;
    }
  }

  /** All rows' features, as they were added. */
  features(): Float32Array {
    return this.#x.subarray(0, this.#rows * FEATURE_COUNT);
  }

  /**
   * A random batch, normalised. Each member sees each situation 0, 1, 2… times (a Poisson bootstrap by hash, the same in every
   * batch); rows where something is to be gained or lost count more, for they decide what is chosen.
   */
  batch(size: number, members: number, norm: Normalisation, rng: Rng): Batch {
    const features = new Float32Array(size * FEATURE_COUNT);
    const target = new Float32Array(size);
    const weight = new Float32Array(members * size);
    for (let k = 0; k < size; k++) {
      const i = rng.below(this.#rows);
      normaliseRow(this.#x, i, norm, features, k);
      for (let j = k * FEATURE_COUNT; j < (k + 1) * FEATURE_COUNT; j++) {
        const u = rng.uniform();
        // A triangular draw is near enough to normal, and cheap.
        features[j] = u < BLANK ? 0 : features[j]! + NOISE * 2.45 * (rng.uniform() + u - 1);
      }
      const y = this.#y[i]!;
      target[k] = y;
      const counts = 1 + 3 * Math.min(1, Math.abs(y) / 0.2);
      for (let m = 0; m < members; m++) weight[m * size + k] = counts * poisson1(this.#group[i]!, m);
    }
    return { features, target, weight };
  }

  #grow(): void {
    const n = this.#y.length * 2;
    const x = new Float32Array(n * FEATURE_COUNT);
    x.set(this.#x);
    this.#x = x;
    const y = new Float32Array(n);
    y.set(this.#y);
    this.#y = y;
    const group = new Int32Array(n);
    group.set(this.#group);
    this.#group = group;
  }
}

/** 0, 1, 2 or 3 with a Poisson(1)'s chances, by hash of situation and member. */
function poisson1(group: number, member: number): number {
  let h = (Math.imul(group + 1, 0x9e3779b1) ^ Math.imul(member + 1, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 0;
  const u = ((h ^ (h >>> 13)) >>> 0) / 4294967296;
  return u < 0.368 ? 0 : u < 0.736 ? 1 : u < 0.92 ? 2 : 3;
}
