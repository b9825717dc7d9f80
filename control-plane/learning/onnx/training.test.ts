import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../../mesh/rng.ts';
import { INFERENCE, inferenceModel } from './inference-graph.ts';
import { dimsOf, initialParameters, type Parameters, parameterNames, type Shape, zeroParameters } from './network.ts';
import { readModel } from './read.ts';
import { floats, openModel, scalar, tensor } from './runtime.ts';
import { type Batch, Trainer } from './trainer.ts';
import { defaultTraining, TRAINING, trainingModel } from './training-graph.ts';

const shape: Shape = { members: 2, inputs: 3, hidden: 4 };
const plain = { mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) };

function batchOf(seed: number, n: number): Batch {
  const rng = rngOf(seed);
  const features = Float32Array.from({ length: n * 3 }, () => rng.normal());
  const target = Float32Array.from({ length: n }, (_, i) => 0.4 * Math.max(0, features[i * 3]! - features[i * 3 + 1]!));
  const weight = Float32Array.from({ length: shape.members * n }, () => rng.below(3));
  return { features, target, weight };
}

/** The loss written out in plain code: what the graph's gradients are checked against. */
function lossOf(p: Parameters, b: Batch, member: number, delta: number): number {
  const { inputs, hidden } = shape;
  const n = b.target.length;
  let loss = 0;
  let total = 0;
  for (let k = 0; k < n; k++) {
    const layer = (x: number[], w: Float32Array, bias: Float32Array, size: number, out: number) =>
      Array.from(
        { length: out },
        (_, j) => bias[member * out + j]! + x.reduce((s, v, i) => s + v * w[member * size * out + i * out + j]!, 0),
      );
    const relu = (xs: number[]) => xs.map((v) => Math.max(0, v));
    const x = [...b.features.subarray(k * inputs, (k + 1) * inputs)];
    const h1 = relu(layer(x, p.w1, p.b1, inputs, hidden));
    const h2 = relu(layer(h1, p.w2, p.b2, hidden, hidden));
    const [y] = layer(h2, p.w3, p.b3, hidden, 1);
    const error = y! - b.target[k]!;
    const bounded = Math.max(-delta, Math.min(delta, error));
    const weight = b.weight[member * n + k]!;
    loss += weight * bounded * (error - bounded / 2);
    total += weight;
  }
  return loss / total;
}

test('the training graph’s gradients match a numeric gradient', async () => {
  const options = { ...defaultTraining, gradients: true };
  const session = await openModel(trainingModel(shape, options));
  const parameters = initialParameters(shape, rngOf(3));
  // The last layer starts near 0, where ReLU's gradients are too small to compare.
  for (const w of [parameters.w3, parameters.b1, parameters.b2, parameters.b3])
    for (let i = 0; i < w.length; i++) w[i] = 0.3 * Math.sin(1 + i);
  const b = batchOf(1, 16);
  const zero = zeroParameters(shape);
  const dims = dimsOf(shape);
  const feeds = {
    [TRAINING.features]: tensor(b.features, [16, 3]),
    [TRAINING.target]: tensor(b.target, [16]),
    [TRAINING.weight]: tensor(b.weight, [2, 16]),
    [TRAINING.rate]: scalar(1e-3),
    [TRAINING.step]: scalar(1),
    ...Object.fromEntries(
      parameterNames.flatMap((n) => [
        [n, tensor(parameters[n], dims[n])],
        [TRAINING.moment1(n), tensor(zero[n], dims[n])],
        [TRAINING.moment2(n), tensor(zero[n], dims[n])],
      ]),
    ),
  };
  const out = await session.run(feeds);
  let compared = 0;
  for (const name of parameterNames) {
    const gradient = floats(out, TRAINING.gradient(name));
    const each = gradient.length / shape.members;
    for (let i = 0; i < gradient.length; i++) {
      const member = Math.floor(i / each);
      const nudged = (by: number) => {
        const copy = { ...parameters, [name]: parameters[name].slice() };
        copy[name][i]! += by;
        return lossOf(copy, b, member, options.delta);
      };
      const numeric = (nudged(1e-3) - nudged(-1e-3)) / 2e-3;
      assert.ok(
        Math.abs(numeric - gradient[i]!) < 2e-3 + 0.05 * Math.abs(numeric),
        `${name}[${i}]: ${gradient[i]} in the graph, ${numeric} by differences`,
      );
      if (Math.abs(numeric) > 1e-3) compared++;
    }
  }
  assert.ok(compared > 20, `only ${compared} gradients were not 0`);
  await session.release();
});

test('training lowers the loss, and the model made of it predicts', async () => {
  const trainer = await Trainer.open(shape, initialParameters(shape, rngOf(5)));
  const losses: number[] = [];
  for (let i = 0; i < 400; i++) losses.push(await trainer.step(batchOf(i, 64), 5e-3));
  const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
  assert.ok(mean(losses.slice(-20)) < 0.3 * mean(losses.slice(0, 20)), `${losses[0]} → ${losses.at(-1)}`);
  assert.equal(trainer.steps, 400);

  const session = await openModel(inferenceModel(shape, trainer.parameters, plain));
  const x = new Float32Array([1.5, -0.5, 0, -1, 1, 0]);
  const out = await session.run({ [INFERENCE.features]: tensor(x, [2, 3]) });
  const [high, low] = floats(out, INFERENCE.mean);
  assert.ok(high! > 0.5 && low! < 0.2, `${high} for 0.8, ${low} for 0`);
  const members = floats(out, INFERENCE.members);
  const spread = floats(out, INFERENCE.spread);
  assert.ok(Math.abs(spread[0]! - Math.abs(members[0]! - members[2]!) / 2) < 1e-5);
  await session.release();
  await trainer.close();
});

test('a step that diverges is not taken', async () => {
  const trainer = await Trainer.open(shape, initialParameters(shape, rngOf(5)));
  const b = batchOf(1, 8);
  b.target.fill(Number.NaN);
  const before = trainer.parameters;
  await assert.rejects(trainer.step(b, 1e-3), /diverged/);
  assert.equal(trainer.parameters, before);
  await trainer.close();
});

test('parameters are read back from the file as they were written', () => {
  const parameters = initialParameters(shape, rngOf(8));
  const norm = { mean: new Float32Array([1, 2, 3]), deviation: new Float32Array([4, 5, 6]) };
  const read = readModel(inferenceModel(shape, parameters, norm), shape);
  assert.ok(typeof read === 'object');
  for (const name of parameterNames) assert.deepEqual(read.parameters[name], parameters[name]);
  assert.deepEqual(read.normalisation, norm);
  assert.match(readModel(inferenceModel(shape, parameters, norm), { ...shape, hidden: 5 }) as string, /w1/);
  assert.equal(typeof readModel(new Uint8Array([1, 2, 3, 255, 255]), shape), 'string');
});
