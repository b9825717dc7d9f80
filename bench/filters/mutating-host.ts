import { marshal } from '../../test/filters/header-block.ts';

const encoder = new TextEncoder();
const CONFIGURATION = 7;
const OK = 0;
const NOT_FOUND = 1;

type Exports = Record<string, (...args: number[]) => number>;

/**
 * The least host that lets chaos mutate answers: one header, one body, clocks that stand still. What an answer
 * takes is the module's own time and the two copies of the body that every host makes.
 */
export class MutatingHost {
  private readonly exports: Exports;
  private readonly memory: WebAssembly.Memory;
  /** Views of that memory; growing it empties them. */
  private inside = new Uint8Array();
  private words = new DataView(this.inside.buffer);
  private readonly body: Uint8Array;
  private readonly headers = Buffer.from(marshal([['content-type', 'application/json']]), 'latin1');
  private readonly scratch: Uint8Array;
  private configuration = new Uint8Array();
  private metrics = 0;
  private stream = 1;
  private written = 0;

  /** @throws Error if the module refuses the configuration */
  constructor(module: WebAssembly.Module, config: object, body: string) {
    this.body = encoder.encode(body);
    this.scratch = new Uint8Array(this.body.length + 65_536);
    const instance = new WebAssembly.Instance(module, this.imports());
    this.exports = instance.exports as unknown as Exports;
    this.memory = instance.exports.memory as WebAssembly.Memory;
    this.configuration = encoder.encode(JSON.stringify(config));
    this.exports.proxy_on_context_create!(1, 0);
    if (this.exports.proxy_on_configure!(1, this.configuration.length) !== 1)
      throw new Error('the configuration was refused');
  }

  /** Takes one request and its answer through the module. What the answer's body became; undefined if it was not changed. */
  answer(): Uint8Array | undefined {
    const id = ++this.stream;
    const { exports: e } = this;
    this.written = -1;
    e.proxy_on_context_create!(id, 1);
    e.proxy_on_request_headers!(id, 4, 1);
    e.proxy_on_response_headers!(id, 2, 0);
    e.proxy_on_response_body!(id, this.body.length, 1);
    e.proxy_on_delete!(id);
    return this.written < 0 ? undefined : this.scratch.subarray(0, this.written);
  }

  /** Looks at the memory anew if it has grown: a view made for each call would cost as much as the call. */
  private look(): void {
    if (this.inside.length > 0) return;
    this.inside = new Uint8Array(this.memory.buffer);
    this.words = new DataView(this.memory.buffer);
  }

  /** Copies bytes into the module through its allocator. */
  private give(bytes: Uint8Array, pointer: number, size: number): number {
    const at = this.exports.proxy_on_memory_allocate!(bytes.length) >>> 0;
    this.look();
    this.inside.set(bytes, at);
    this.words.setUint32(pointer, at, true);
    this.words.setUint32(size, bytes.length, true);
    return OK;
  }

  private imports(): WebAssembly.Imports {
    const ok = () => OK;
    const clock = (out: number) => {
      this.look();
      this.words.setBigUint64(out, 1n, true);
      return OK;
    };
    return {
      env: {
        proxy_log: ok,
        proxy_get_buffer_bytes: (type: number, _start: number, _length: number, pointer: number, size: number) =>
          this.give(type === CONFIGURATION ? this.configuration : this.body, pointer, size),
        proxy_set_buffer_bytes: (_type: number, _start: number, _length: number, from: number, size: number) => {
          this.look();
          this.scratch.set(this.inside.subarray(from, from + size));
          this.written = size;
          return OK;
        },
        proxy_get_header_map_value: () => NOT_FOUND,
        proxy_get_header_map_pairs: (_map: number, pointer: number, size: number) =>
          this.give(this.headers, pointer, size),
        proxy_add_header_map_value: ok,
        proxy_replace_header_map_value: ok,
        proxy_remove_header_map_value: ok,
        proxy_send_local_response: ok,
        proxy_continue_stream: ok,
        proxy_close_stream: ok,
        proxy_define_metric: (_type: number, _name: number, _size: number, out: number) => {
          this.look();
          this.words.setUint32(out, ++this.metrics, true);
          return OK;
        },
        proxy_increment_metric: ok,
        proxy_set_tick_period_milliseconds: ok,
        proxy_set_effective_context: ok,
        proxy_get_current_time_nanoseconds: clock,
      },
      wasi_snapshot_preview1: { clock_time_get: (_clock: number, _precision: bigint, out: number) => clock(out) },
    };
  }
}
