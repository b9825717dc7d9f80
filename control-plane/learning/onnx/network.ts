import type { Rng } from '../../mesh/rng.ts';

/** The sizes of an ensemble: `members` networks of `inputs` → `hidden` → `hidden` → 1. */
export interface Shape {
  readonly members: number;
  readonly inputs: number;
  readonly hidden: number;
}

/** Names of the parameter tensors, in the order both graphs take them. */
export const parameterNames = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;
export type ParameterName = (typeof parameterNames)[number];

/** Parameters of the whole ensemble, members stacked along the first axis. */
export type Parameters = Readonly<Record<ParameterName, Float32Array>>;

export function dimsOf(shape: Shape): Readonly<Record<ParameterName, readonly number[]>> {
  const { members: m, inputs: i, hidden: h } = shape;
  return { w1: [m, i, h], b1: [m, 1, h], w2: [m, h, h], b2: [m, 1, h], w3: [m, h, 1], b3: [m, 1, 1] };
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

export function zeroParameters(shape: Shape): Parameters {
  const dims = dimsOf(shape);
  return Object.fromEntries(parameterNames.map((n) => [n, new Float32Array(sizeOf(dims[n]))])) as Parameters;
}

/** He's initialisation for ReLU layers; the last layer starts small, so that an untrained net is near 0 everywhere. */
export function initialParameters(shape: Shape, rng: Rng): Parameters {
  const p = zeroParameters(shape);
  fill(p.w1, Math.sqrt(2 / shape.inputs), rng);
  fill(p.w2, Math.sqrt(2 / shape.hidden), rng);
  fill(p.w3, 0.1 * Math.sqrt(1 / shape.hidden), rng);
  return p;
}

function fill(data: Float32Array, deviation: number, rng: Rng): void {
  for (let i = 0; i < data.length; i++) data[i] = deviation * rng.normal();
}

/** What maps a raw feature to the network's input: (x − mean) ÷ deviation, held within ±5. */
export interface Normalisation {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Mean and deviation of each column of an [n, columns] matrix; a column that never changes gets deviation 1. */
export function normalisationOf(x: Float32Array, columns: number): Normalisation {
  const n = Math.max(1, x.length / columns);
  const mean = new Float32Array(columns);
  const deviation = new Float32Array(columns);
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let i = j; i < x.length; i += columns) sum += x[i]!;
    const mu = sum / n;
    let square = 0;
    for (let i = j; i < x.length; i += columns) square += (x[i]! - mu) ** 2;
    mean[j] = mu;
    const sd = Math.sqrt(square / n);
    deviation[j] = sd > 1e-4 ? sd : 1;
  }
  return { mean, deviation };
}

/** Row `i` of `x` as the network sees it: (x − mean) ÷ deviation, within ±5, written as row `k` of `out`. */
export function normaliseRow(x: Float32Array, i: number, norm: Normalisation, out: Float32Array, k: number): void {
  const columns = norm.mean.length;
  for (let j = 0; j < columns; j++) {
    const z = (x[i * columns + j]! - norm.mean[j]!) / norm.deviation[j]!;
    out[k * columns + j] = z < -5 ? -5 : z > 5 ? 5 : z;
  }
}
