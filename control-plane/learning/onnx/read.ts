import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { dimsOf, type Normalisation, type Parameters, parameterNames, type Shape } from './network.ts';

/** What an inference model was built from. */
export interface ModelParts {
  readonly shape: Shape;
  readonly parameters: Parameters;
  readonly normalisation: Normalisation;
}

/**
 * Reads parameters and normalisation back from the bytes of {@link inferenceModel}, so that the shipped file alone is enough
 * to train on. Returns the reason as text where the file is something else.
 */
export function readModel(bytes: Uint8Array, shape: Shape): ModelParts | string {
  let tensors: Map<string, Float32Array>;
  try {
    tensors = initializersOf(bytes);
  } catch (error) {
    return `not an ONNX file: ${(error as Error).message}`;
  }
  const dims = dimsOf(shape);
  const parameters: Record<string, Float32Array> = {};
  for (const name of parameterNames) {
    const data = tensors.get(name);
    const size = dims[name].reduce((a, b) => a * b, 1);
    if (!data || data.length !== size) return `tensor ${name} has ${data?.length ?? 0} numbers, not ${size}`;
    parameters[name] = data;
  }
  const mean = tensors.get('mean_of_features');
  const deviation = tensors.get('deviation_of_features');
  if (mean?.length !== shape.inputs || deviation?.length !== shape.inputs) return 'no normalisation';
  return { shape, parameters: parameters as Parameters, normalisation: { mean: mean!, deviation: deviation! } };
}

/** ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.name = 8 and raw_data = 9; all else is skipped. */
function initializersOf(bytes: Uint8Array): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  each(bytes, 7, (graph) => {
    each(graph, 5, (tensor) => {
      let name = '';
      let raw: Uint8Array | undefined;
      each(tensor, 8, (b) => {
        name = new TextDecoder().decode(b);
      });
      each(tensor, 9, (b) => {
        raw = b;
      });
      if (raw && raw.byteLength % 4 === 0) found.set(name, new Float32Array(raw.slice().buffer));
    });
  });
  return found;
}

function each(bytes: Uint8Array, field: number, visit: (value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === field && type === WireType.LengthDelimited) visit(reader.bytes());
    else reader.skip(type, number);
  }
}
