import { GraphBuilder } from './builder.ts';
import { dimsOf, type ParameterName, parameterNames, type Shape } from './network.ts';

/** Names the training graph takes and gives, beside the parameters themselves. */
export const TRAINING = {
  features: 'features',
  target: 'target',
  weight: 'weight',
  rate: 'rate',
  step: 'step',
  loss: 'loss',
  moment1: (n: ParameterName) => `m_${n}`,
  moment2: (n: ParameterName) => `v_${n}`,
  next: (n: string) => `next_${n}`,
  gradient: (n: ParameterName) => `gradient_${n}`,
} as const;

export interface TrainingOptions {
  /** Where Huber's loss turns from square to straight. */
  readonly delta: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay (AdamW), per step and unit of learning rate. */
  readonly decay: number;
  /** Also gives the gradients, for checking them. */
  readonly gradients: boolean;
}

export const defaultTraining: TrainingOptions = {
  delta: 0.3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  decay: 0.3,
  gradients: false,
};

/**
 * One step of training as a graph: `features` [batch, inputs] (normalised), `target` [batch], `weight` [members, batch] (the
 * bootstrap: which member sees which row, and how much it counts), `rate` and `step` (1, 2, …) scalars, parameters and
 * Adam's moments → the same after the step, and `loss`, the mean weighted Huber loss before it.
 *
 * The backward pass is written out (three dense layers, ReLU); Adam as in Kingma & Ba 2015 with decoupled decay.
 */
export function trainingModel(shape: Shape, options: TrainingOptions = defaultTraining): Uint8Array {
  const g = new GraphBuilder('umbra-training-step');
  const dims = dimsOf(shape);
  const x = g.input(TRAINING.features, ['batch', shape.inputs]);
  const target = g.input(TRAINING.target, ['batch']);
  const weight = g.input(TRAINING.weight, [shape.members, 'batch']);
  const rate = g.input(TRAINING.rate, []);
  const step = g.input(TRAINING.step, []);
  for (const n of parameterNames) g.input(n, dims[n]);
  for (const n of parameterNames) {
    g.input(TRAINING.moment1(n), dims[n]);
    g.input(TRAINING.moment2(n), dims[n]);
  }

  const a1 = g.op('Add', [g.op('MatMul', [x, 'w1']), 'b1']);
  const h1 = g.op('Relu', [a1]);
  const a2 = g.op('Add', [g.op('MatMul', [h1, 'w2']), 'b2']);
  const h2 = g.op('Relu', [a2]);
  const y = g.op('Add', [g.op('MatMul', [h2, 'w3']), 'b3']); // [members, batch, 1]

  const error = g.op('Sub', [g.op('Squeeze', [y, g.ints(2)]), target]);
  const bounded = g.op('Clip', [error, g.scalar(-options.delta), g.scalar(options.delta)]);
  // Huber: bounded × (error − bounded ÷ 2).
  const huber = g.op('Mul', [bounded, g.op('Sub', [error, g.op('Mul', [bounded, g.scalar(0.5)])])]);
  const total = g.op('Max', [g.op('ReduceSum', [weight], { keepdims: 0 }), g.scalar(1e-6)]);
  const loss = g.op('Div', [g.op('ReduceSum', [g.op('Mul', [huber, weight])], { keepdims: 0 }), total]);
  g.output(loss, TRAINING.loss, []);

  // Each member is normalised by its own weight, so that its step does not depend on how many members there are.
  const own = g.op('Max', [g.op('ReduceSum', [weight, g.ints(1)], { keepdims: 1 }), g.scalar(1e-6)]);
  const dy = g.op('Unsqueeze', [g.op('Div', [g.op('Mul', [bounded, weight]), own]), g.ints(2)]);
  const sumRows = (d: string) => g.op('ReduceSum', [d, g.ints(1)], { keepdims: 1 });
  const flip = (d: string) => g.op('Transpose', [d], { perm: [0, 2, 1] });
  const through = (d: string, pre: string) =>
    g.op('Mul', [d, g.op('Cast', [g.op('Greater', [pre, g.scalar(0)])], { to: 1 })]);
  const d2 = through(g.op('MatMul', [dy, flip('w3')]), a2);
  const d1 = through(g.op('MatMul', [d2, flip('w2')]), a1);
  const gradients: Record<ParameterName, string> = {
    w3: g.op('MatMul', [flip(h2), dy]),
    b3: sumRows(dy),
    w2: g.op('MatMul', [flip(h1), d2]),
    b2: sumRows(d2),
    w1: g.op('MatMul', [g.op('Transpose', [x], { perm: [1, 0] }), d1]),
    b1: sumRows(d1),
  };

  const correct1 = g.op('Sub', [g.scalar(1), g.op('Pow', [g.scalar(options.beta1), step])]);
  const correct2 = g.op('Sub', [g.scalar(1), g.op('Pow', [g.scalar(options.beta2), step])]);
  for (const n of parameterNames) {
    const d = gradients[n];
    const m = blend(g, TRAINING.moment1(n), d, options.beta1);
    const v = blend(g, TRAINING.moment2(n), g.op('Mul', [d, d]), options.beta2);
    const direction = g.op('Div', [
      g.op('Div', [m, correct1]),
      g.op('Add', [g.op('Sqrt', [g.op('Div', [v, correct2])]), g.scalar(options.epsilon)]),
    ]);
    // Biases are not decayed.
    const pull = n.startsWith('w') ? g.op('Add', [direction, g.op('Mul', [n, g.scalar(options.decay)])]) : direction;
    g.output(g.op('Sub', [n, g.op('Mul', [rate, pull])]), TRAINING.next(n), dims[n]);
    g.output(m, TRAINING.next(TRAINING.moment1(n)), dims[n]);
    g.output(v, TRAINING.next(TRAINING.moment2(n)), dims[n]);
    if (options.gradients) g.output(d, TRAINING.gradient(n), dims[n]);
  }
  return g.build();
}

/** β × old + (1 − β) × fresh. */
function blend(g: GraphBuilder, old: string, fresh: string, beta: number): string {
  return g.op('Add', [g.op('Mul', [old, g.scalar(beta)]), g.op('Mul', [fresh, g.scalar(1 - beta)])]);
}
