import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rngOf } from '../../mesh/rng.ts';
import { FEATURE_COUNT } from '../features/features.ts';
import { inferenceModel } from '../onnx/inference-graph.ts';
import { initialParameters } from '../onnx/network.ts';
import { loadPolicy } from '../session.ts';
import { contextOf } from '../testing/contexts.ts';
import { cardOf } from '../testing/models.ts';
import { SHAPE } from './model.ts';
import { specialiseInWorker } from './specialise-worker.ts';

/** A policy that knows nothing yet. */
const untrained = (): Uint8Array =>
  inferenceModel(SHAPE, initialParameters(SHAPE, rngOf(1)), {
    mean: new Float32Array(FEATURE_COUNT),
    deviation: new Float32Array(FEATURE_COUNT).fill(1),
  });

const { topology, healthy } = contextOf();
const options = { card: cardOf({ shape: SHAPE }), topology, healthy, seed: 3 };

// The thread gives way to whatever else runs: on a busy machine it takes many times as long.
test('a policy learns one application in a thread of its own', { timeout: 900_000 }, async () => {
  const lines: string[] = [];
  const result = await specialiseInWorker({
    ...options,
    model: untrained(),
    situations: 100,
    incidents: 16,
    progress: (line) => lines.push(line),
  });
  assert.ok(result, 'it did no better than a policy that knows nothing');
  assert.ok(result.after.recovered > result.before.recovered);
  assert.deepEqual(lines, ['50 of 100 situations', '100 of 100 situations']);
  const policy = await loadPolicy(result.model, result.card);
  assert.equal(policy.version, 'test-1~3');
  await policy.close();
});

test('it can be stopped, and says what went wrong', async () => {
  const stop = new AbortController();
  const running = specialiseInWorker({ ...options, model: untrained(), situations: 5000, incidents: 12 }, stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(running, /enough/);
  const garbage = specialiseInWorker({ ...options, model: new Uint8Array([1]), situations: 1, incidents: 1 });
  await assert.rejects(garbage, /model unusable/);
});
