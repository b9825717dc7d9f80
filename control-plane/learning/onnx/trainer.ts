import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { dimsOf, type ParameterName, type Parameters, parameterNames, type Shape, zeroParameters } from './network.ts';
import { floats, openModel, scalar, tensor } from './runtime.ts';
import { defaultTraining, TRAINING, type TrainingOptions, trainingModel } from './training-graph.ts';

export interface Batch {
  /** [n, inputs], normalised. */
  readonly features: Float32Array;
  readonly target: Float32Array;
  /** [members, n]. */
  readonly weight: Float32Array;
}

/** Holds parameters and Adam's moments and runs the training graph over batches. Calls must not overlap. */
export class Trainer {
  readonly shape: Shape;
  readonly #session: InferenceSession;
  #parameters: Parameters;
  #moment1: Parameters;
  #moment2: Parameters;
  #steps = 0;

  private constructor(session: InferenceSession, shape: Shape, parameters: Parameters) {
    this.#session = session;
    this.shape = shape;
    this.#parameters = parameters;
    this.#moment1 = zeroParameters(shape);
    this.#moment2 = zeroParameters(shape);
  }

  static async open(shape: Shape, parameters: Parameters, options: Partial<TrainingOptions> = {}): Promise<Trainer> {
    const bytes = trainingModel(shape, { ...defaultTraining, ...options, gradients: false });
    return new Trainer(await openModel(bytes), shape, parameters);
  }

  get parameters(): Parameters {
    return this.#parameters;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Runs one step and returns the loss before it. A step that would make a parameter NaN is not taken: it throws. */
  async step(batch: Batch, rate: number): Promise<number> {
    const n = batch.target.length;
    const dims = dimsOf(this.shape);
    const feeds: Record<string, Tensor> = {
      [TRAINING.features]: tensor(batch.features, [n, this.shape.inputs]),
      [TRAINING.target]: tensor(batch.target, [n]),
      [TRAINING.weight]: tensor(batch.weight, [this.shape.members, n]),
      [TRAINING.rate]: scalar(rate),
      [TRAINING.step]: scalar(this.#steps + 1),
    };
    for (const name of parameterNames) {
      feeds[name] = tensor(this.#parameters[name], dims[name]);
      feeds[TRAINING.moment1(name)] = tensor(this.#moment1[name], dims[name]);
      feeds[TRAINING.moment2(name)] = tensor(this.#moment2[name], dims[name]);
    }
    const out = await this.#session.run(feeds);
    const loss = floats(out, TRAINING.loss)[0]!;
    const of = (key: (name: ParameterName) => string) =>
      Object.fromEntries(parameterNames.map((name) => [name, floats(out, TRAINING.next(key(name)))])) as Parameters;
    const next = of((name) => name);
    if (!Number.isFinite(loss) || !Number.isFinite(next.b3[0]!))
      throw new Error(`training step ${this.#steps + 1} diverged (loss ${loss})`);
    this.#parameters = next;
    this.#moment1 = of(TRAINING.moment1);
    this.#moment2 = of(TRAINING.moment2);
    this.#steps++;
    return loss;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
