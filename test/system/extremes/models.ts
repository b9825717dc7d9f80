import type { PolicyCard } from '../../../control-plane/learning/card.ts';
import { FEATURE_COUNT, featureNames } from '../../../control-plane/learning/features/features.ts';
import { inferenceModel } from '../../../control-plane/learning/onnx/inference-graph.ts';
import { zeroParameters } from '../../../control-plane/learning/onnx/network.ts';
import { mitigationKinds } from '../../../control-plane/mesh/mitigation.ts';

/** A model a user could hand to `umbra up`, with its card. */
export interface Model {
  readonly bytes: Uint8Array;
  readonly card: PolicyCard;
}

const kinds = Object.keys(mitigationKinds);
const MEMBERS = 3;

/** An ensemble of equal members, `hidden` wide; `set` fills one member's weights by feature and unit. */
function model(
  version: string,
  hidden: number,
  set: (w: {
    first(feature: string, unit: number, value: number): void;
    bias(unit: number, value: number): void;
    second(unit: number, value: number): void;
    last(unit: number, value: number): void;
  }) => void,
): Model {
  const shape = { members: MEMBERS, inputs: FEATURE_COUNT, hidden };
  const p = zeroParameters(shape);
  const row = (feature: string) => {
    const at = featureNames.indexOf(feature);
    if (at < 0) throw new Error(`there is no feature ${feature}`);
    return at;
  };
  for (let m = 0; m < MEMBERS; m++)
    set({
      first: (feature, unit, value) => {
        p.w1[(m * FEATURE_COUNT + row(feature)) * hidden + unit] = value;
      },
      bias: (unit, value) => {
        p.b1[m * hidden + unit] = value;
      },
      second: (unit, value) => {
        p.w2[(m * hidden + unit) * hidden + unit] = value;
      },
      last: (unit, value) => {
        p.w3[m * hidden + unit] = value;
      },
    });
  const plain = { mean: new Float32Array(FEATURE_COUNT), deviation: new Float32Array(FEATURE_COUNT).fill(1) };
  const card: PolicyCard = {
    format: 1,
    version,
    features: featureNames,
    actions: Object.fromEntries(Object.entries(mitigationKinds).map(([kind, { strengths }]) => [kind, strengths])),
    shape,
    calibration: { scale: 1, floor: 0, alpha: 0.1, samples: 0 },
    threshold: 0.02,
    training: {},
    scores: [],
  };
  return { bytes: inferenceModel(shape, p, plain), card };
}

/** The order it likes kinds in: what takes most from users first. */
const harsh: Readonly<Record<string, number>> = {
  'admission-control': 0.3,
  'rate-limit': 0.25,
  timeout: 0.2,
  'circuit-breaking': 0.15,
  'outlier-detection': 0.1,
};

/** Always sure, of every candidate, and of the strongest most: most of what it asks for takes from users. */
export const extreme: Model = model('extreme', 2, (w) => {
  w.bias(0, 0.2);
  w.first('strength', 0, 0.4);
  for (const kind of kinds) w.first(`is ${kind}`, 0, harsh[kind] ?? 0);
  // Nothing it did is ever to be taken back.
  w.first('remove', 0, -5);
  w.second(0, 1);
  w.last(0, 1);
});

/**
 * Answers when it is loaded and tried, and with NaN when it is asked about a real candidate: a unit for each kind overflows
 * once the kind's feature is 1, and infinity times 0 is no number. (A row of halves, as loading tries, stays below.)
 */
export const nan: Model = model('nan', kinds.length, (w) => {
  kinds.forEach((kind, unit) => {
    w.first(`is ${kind}`, unit, 3e38);
    w.bias(unit, -2e38);
    w.second(unit, 1e3);
    w.last(unit, 0);
  });
});
