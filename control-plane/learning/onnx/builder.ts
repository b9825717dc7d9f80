import { encodeModel, FLOAT, type Node, type Tensor, type Value } from './wire.ts';

/** Builds an ONNX graph one operator at a time; every call returns the name of what it computed. */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #initializers: Tensor[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #constants = new Map<string, string>();

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, dims: readonly (number | string)[]): string {
    this.#inputs.push({ name, type: FLOAT, dims });
    return name;
  }

  /** Declares a computed value an output, under the name `as`. */
  output(value: string, as: string, dims: readonly (number | string)[]): void {
    this.#nodes.push({ op: 'Identity', inputs: [value], outputs: [as], attributes: {} });
    this.#outputs.push({ name: as, type: FLOAT, dims });
  }

  tensor(name: string, dims: readonly number[], data: Float32Array): string {
    this.#initializers.push({ name, dims, data });
    return name;
  }

  /** A scalar constant, shared by all its users. */
  scalar(x: number): string {
    return this.#constant(`scalar ${x}`, [], new Float32Array([x]));
  }

  /** A vector of int64, for the operators that take axes or shapes as an input. */
  ints(...xs: number[]): string {
    return this.#constant(`ints ${xs.join(' ')}`, [xs.length], new BigInt64Array(xs.map(BigInt)));
  }

  op(op: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string {
    const out = `${op.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, outputs: [out], attributes });
    return out;
  }

  /** The model file. `metadata` is kept in it as text. */
  build(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return encodeModel({
      name: this.#name,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
      metadata,
    });
  }

  #constant(key: string, dims: readonly number[], data: Float32Array | BigInt64Array): string {
    const known = this.#constants.get(key);
    if (known) return known;
    const name = `const_${this.#constants.size}`;
    this.#constants.set(key, name);
    this.#initializers.push({ name, dims, data });
    return name;
  }
}
