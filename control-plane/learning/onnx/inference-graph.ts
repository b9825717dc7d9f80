import { GraphBuilder } from './builder.ts';
import { dimsOf, type Normalisation, type Parameters, parameterNames, type Shape } from './network.ts';

/** Inputs and outputs of the inference model. */
export const INFERENCE = { features: 'features', mean: 'mean', spread: 'spread', members: 'members' } as const;

/**
 * The policy's graph: `features` [n, inputs] → `mean` [n], `spread` [n] (standard deviation over the members) and
 * `members` [members, n]. Normalisation is part of it, so that the file is all a reader needs.
 */
export function inferenceModel(
  shape: Shape,
  parameters: Parameters,
  normalisation: Normalisation,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const g = new GraphBuilder('umbra-policy');
  const x = g.input(INFERENCE.features, ['n', shape.inputs]);
  const centred = g.op('Sub', [x, g.tensor('mean_of_features', [shape.inputs], normalisation.mean)]);
  const scaled = g.op('Div', [centred, g.tensor('deviation_of_features', [shape.inputs], normalisation.deviation)]);
  const clipped = g.op('Clip', [scaled, g.scalar(-5), g.scalar(5)]);
  const dims = dimsOf(shape);
  const p = Object.fromEntries(parameterNames.map((n) => [n, g.tensor(n, dims[n], parameters[n])]));
  const h1 = g.op('Relu', [g.op('Add', [g.op('MatMul', [clipped, p.w1!]), p.b1!])]);
  const h2 = g.op('Relu', [g.op('Add', [g.op('MatMul', [h1, p.w2!]), p.b2!])]);
  const y = g.op('Add', [g.op('MatMul', [h2, p.w3!]), p.b3!]);
  const members = g.op('Squeeze', [y, g.ints(2)]);
  const mean = g.op('ReduceMean', [members], { axes: [0], keepdims: 1 });
  const off = g.op('Sub', [members, mean]);
  const variance = g.op('ReduceMean', [g.op('Mul', [off, off])], { axes: [0], keepdims: 0 });
  g.output(g.op('Squeeze', [mean, g.ints(0)]), INFERENCE.mean, ['n']);
  g.output(g.op('Sqrt', [variance]), INFERENCE.spread, ['n']);
  g.output(members, INFERENCE.members, [shape.members, 'n']);
  return g.build(metadata);
}
