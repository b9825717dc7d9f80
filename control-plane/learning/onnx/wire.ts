/**
 * The few protobuf messages of ONNX (onnx.proto3) that a graph needs, encoded by hand: fields are written with ONNX's own
 * numbers, so that no generated code of the whole schema is carried along.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export const FLOAT = 1;
const INT64 = 7;

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

/** An input or output; a dimension given as text is symbolic. */
export interface Value {
  readonly name: string;
  readonly type: typeof FLOAT | typeof INT64;
  readonly dims: readonly (number | string)[];
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Kept in the file's metadata_props. */
  readonly metadata: Readonly<Record<string, string>>;
}

const IR_VERSION = 8;
const OPSET = 17;

/** `ModelProto` bytes of a graph (IR 8, operator set 17). */
export function encodeModel(graph: Graph): Uint8Array {
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).int64(IR_VERSION);
  w.tag(2, WireType.LengthDelimited).string('umbra');
  message(w, 7, (g) => encodeGraph(g, graph));
  message(w, 8, (o) => o.tag(2, WireType.Varint).int64(OPSET));
  for (const [key, value] of Object.entries(graph.metadata))
    message(w, 14, (m) =>
      m.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value),
    );
  return w.finish();
}

function message(w: BinaryWriter, field: number, write: (w: BinaryWriter) => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write(w);
  w.join();
}

function encodeGraph(w: BinaryWriter, graph: Graph): void {
  for (const node of graph.nodes) message(w, 1, (n) => encodeNode(n, node));
  w.tag(2, WireType.LengthDelimited).string(graph.name);
  for (const tensor of graph.initializers) message(w, 5, (t) => encodeTensor(t, tensor));
  for (const value of graph.inputs) message(w, 11, (v) => encodeValue(v, value));
  for (const value of graph.outputs) message(w, 12, (v) => encodeValue(v, value));
}

function encodeNode(w: BinaryWriter, node: Node): void {
  for (const name of node.inputs) w.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) w.tag(2, WireType.LengthDelimited).string(name);
  w.tag(4, WireType.LengthDelimited).string(node.op);
  for (const [name, value] of Object.entries(node.attributes))
    message(w, 5, (a) => {
      a.tag(1, WireType.LengthDelimited).string(name);
      if (typeof value === 'number') {
        a.tag(3, WireType.Varint).int64(value);
        a.tag(20, WireType.Varint).int32(2); // INT
      } else {
        for (const v of value) a.tag(8, WireType.Varint).int64(v);
        a.tag(20, WireType.Varint).int32(7); // INTS
      }
    });
}

function encodeTensor(w: BinaryWriter, tensor: Tensor): void {
  for (const d of tensor.dims) w.tag(1, WireType.Varint).int64(d);
  w.tag(2, WireType.Varint).int32(tensor.data instanceof Float32Array ? FLOAT : INT64);
  w.tag(8, WireType.LengthDelimited).string(tensor.name);
  // raw_data is little-endian by definition; every machine Node runs on is.
  const { buffer, byteOffset, byteLength } = tensor.data;
  w.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}

function encodeValue(w: BinaryWriter, value: Value): void {
  w.tag(1, WireType.LengthDelimited).string(value.name);
  message(w, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(value.type);
      message(tensor, 2, (shape) => {
        for (const d of value.dims)
          message(shape, 1, (dim) =>
            typeof d === 'number'
              ? dim.tag(1, WireType.Varint).int64(d)
              : dim.tag(2, WireType.LengthDelimited).string(d),
          );
      });
    }),
  );
}
