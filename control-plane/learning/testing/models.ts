import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import { rngOf } from '../../mesh/rng.ts';
import type { PolicyCard } from '../card.ts';
import { FEATURE_COUNT, featureNames } from '../features/features.ts';
import { inferenceModel } from '../onnx/inference-graph.ts';
import { initialParameters, type Parameters, type Shape } from '../onnx/network.ts';

const smallShape: Shape = { members: 3, inputs: FEATURE_COUNT, hidden: 8 };

export const cardOf = (change: Partial<PolicyCard> = {}): PolicyCard => ({
  format: 1,
  version: 'test-1',
  features: featureNames,
  actions: Object.fromEntries((Object.keys(mitigationKinds) as MitigationKind[]).map((k) => [k, [1]])),
  shape: smallShape,
  calibration: { scale: 1, floor: 0.02, alpha: 0.1, samples: 100 },
  threshold: 0.02,
  training: {},
  scores: [],
  ...change,
});

/** A small untrained model, its parameters changed by `spoil`. */
export function modelBytes(seed = 1, spoil: (p: Parameters) => void = () => {}): Uint8Array {
  const parameters = initialParameters(smallShape, rngOf(seed));
  spoil(parameters);
  const normalisation = {
    mean: new Float32Array(FEATURE_COUNT),
    deviation: new Float32Array(FEATURE_COUNT).fill(1),
  };
  return inferenceModel(smallShape, parameters, normalisation);
}
