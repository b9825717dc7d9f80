import * as ort from 'onnxruntime-node';

/**
 * An onnxruntime session on one thread: the graphs are small, and the machine is the application's.
 * @throws what onnxruntime throws for bytes that are no model.
 */
export function openModel(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}

export const tensor = (data: Float32Array, dims: readonly number[]): ort.Tensor =>
  new ort.Tensor('float32', data, dims as number[]);

export const scalar = (x: number): ort.Tensor => new ort.Tensor('float32', new Float32Array([x]), []);

/** The numbers of one output. */
export function floats(outputs: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const value = outputs[name];
  if (!value || !('data' in value)) throw new Error(`the model has no output ${name}`);
  return value.data as Float32Array;
}
