import { type Rng, rngOf } from '../../mesh/rng.ts';
import { FEATURE_COUNT } from '../features/features.ts';
import { INFERENCE, inferenceModel } from '../onnx/inference-graph.ts';
import {
  initialParameters,
  type Normalisation,
  normalisationOf,
  type Parameters,
  type Shape,
} from '../onnx/network.ts';
import { floats, openModel, tensor } from '../onnx/runtime.ts';
import { Trainer } from '../onnx/trainer.ts';
import type { Dataset } from './dataset.ts';
import type { Scorer } from './rollouts.ts';

export const SHAPE: Shape = { members: 5, inputs: FEATURE_COUNT, hidden: 64 };
const BATCH = 256;

export interface Fitted {
  readonly parameters: Parameters;
  readonly normalisation: Normalisation;
  readonly loss: number;
  readonly steps: number;
}

export interface FitOptions {
  readonly steps: number;
  readonly seed: number;
  /** Go on from here; the normalisation is kept, else the parameters would mean something else. */
  readonly from?: Fitted;
  readonly rate?: number;
  readonly progress?: (step: number, loss: number) => void;
}

/** Fits the ensemble to a dataset; the learning rate falls to a twentieth along a cosine. */
export async function fit(data: Dataset, options: FitOptions): Promise<Fitted> {
  const rng: Rng = rngOf(options.seed);
  const normalisation = options.from?.normalisation ?? normalisationOf(data.features(), FEATURE_COUNT);
  const trainer = await Trainer.open(SHAPE, options.from?.parameters ?? initialParameters(SHAPE, rng));
  const rate = options.rate ?? 1.5e-3;
  let loss = 0;
  try {
    for (let i = 0; i < options.steps; i++) {
      const at = rate * (0.05 + 0.95 * 0.5 * (1 + Math.cos((Math.PI * i) / options.steps)));
      const l = await trainer.step(data.batch(BATCH, SHAPE.members, normalisation, rng), at);
      loss = i === 0 ? l : 0.98 * loss + 0.02 * l;
      if (i % 500 === 499) options.progress?.(i + 1, loss);
    }
    return { parameters: trainer.parameters, normalisation, loss, steps: (options.from?.steps ?? 0) + trainer.steps };
  } finally {
    await trainer.close();
  }
}

export const modelOf = (fitted: Fitted, metadata: Readonly<Record<string, string>> = {}): Uint8Array =>
  inferenceModel(SHAPE, fitted.parameters, fitted.normalisation, metadata);

/** Mean and spread of rows under a fitted model. */
export interface RawModel {
  readonly mean: Scorer;
  readonly both: (x: Float32Array, rows: number) => Promise<{ mean: Float32Array; spread: Float32Array }>;
  close(): Promise<void>;
}

export async function openFitted(fitted: Fitted): Promise<RawModel> {
  const session = await openModel(modelOf(fitted));
  const both: RawModel['both'] = async (x, rows) => {
    const out = await session.run({ [INFERENCE.features]: tensor(x, [rows, FEATURE_COUNT]) });
    return { mean: floats(out, INFERENCE.mean), spread: floats(out, INFERENCE.spread) };
  };
  return { both, mean: async (x, rows) => (await both(x, rows)).mean, close: () => session.release() };
}
