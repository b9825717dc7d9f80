/**
 * A proxy-wasm host in Node's own V8 that runs the very modules Envoy runs: the host calls they use with Envoy's rules for
 * them, a clock that stands still until it is moved, and counts of every host call. What Envoy does between callbacks
 * (holding, collecting and releasing headers and bodies) is in exchange.ts.
 */
import { chaosCapabilities, type FilterRole, mirrorCapabilities } from '../../filters/config.ts';
import { type Headers, marshal } from './header-block.ts';
import type { HostOptions, HttpCall, StreamAction, Visible } from './host-types.ts';
import { moduleOf } from './modules.ts';

export type { Headers } from './header-block.ts';
export type { HttpCall, LocalResponse } from './host-types.ts';
export { moduleOf, modulePath } from './modules.ts';

/** Strings are bytes here: one character a byte, so that any body and header can be given. */
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const capabilities: Record<FilterRole, readonly string[]> = { mirror: mirrorCapabilities, chaos: chaosCapabilities };

const OK = 0;
const NOT_FOUND = 1;
const BAD_ARGUMENT = 2;
const INTERNAL_FAILURE = 10;

type Callback = (...args: number[]) => number;

export class FilterHost {
  /** Undefined for a module of one's own. */
  readonly role: FilterRole | undefined;
  readonly calls = new Map<string, number>();
  readonly metrics = new Map<string, number>();
  readonly histograms = new Map<string, number[]>();
  readonly logs: string[] = [];
  readonly httpCalls: HttpCall[] = [];
  /** Root → its timer; absent = stopped. */
  readonly timers = new Map<number, { period: number; due: bigint }>();
  readonly actions: { context: number; action: StreamAction }[] = [];
  readonly contexts = new Map<number, { root: number; visible: Visible }>();
  wallMs: number;
  monotonicNs: bigint;
  refuseCalls: () => boolean;
  private readonly exports: Record<string, Callback>;
  private readonly memory: WebAssembly.Memory;
  private readonly metricNames: string[] = [];
  private nextContext = 1;
  private nextToken = 1;
  private current = 0;
  private effective = 0;
  private configuration = '';

  /** One of ours, which gets only what its capabilities list, or a module of one's own. */
  constructor(what: FilterRole | WebAssembly.Module, options: HostOptions = {}) {
    this.role = what === 'mirror' ? 'mirror' : what === 'chaos' ? 'chaos' : undefined;
    const module = this.role ? moduleOf(this.role) : (what as WebAssembly.Module);
    this.wallMs = options.wallMs ?? 1_700_000_000_000;
    this.monotonicNs = options.monotonicNs ?? 5_000_000_000n;
    this.refuseCalls = options.refuseCalls ?? (() => false);
    const instance = new WebAssembly.Instance(module, this.imports(module));
    this.exports = instance.exports as unknown as Record<string, Callback>;
    this.memory = instance.exports.memory as WebAssembly.Memory;
  }

  /** Memory of the module, bytes. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /** Host calls made so far, by name or altogether. */
  count(name?: string): number {
    if (name) return this.calls.get(name) ?? 0;
    return [...this.calls.values()].reduce((a, b) => a + b, 0);
  }

  metric(name: string): number {
    return this.metrics.get(name) ?? 0;
  }

  advance(ms: number): void {
    this.wallMs += ms;
    this.monotonicNs += BigInt(Math.round(ms * 1e6));
  }

  /** A new root context with this configuration, as a changed configuration makes one. Undefined if the module refuses it. */
  configure(config: unknown): number | undefined {
    const id = this.nextContext++;
    this.contexts.set(id, { root: id, visible: { maps: new Map(), buffers: new Map() } });
    this.call(id, 'proxy_on_context_create', id, 0);
    this.configuration = typeof config === 'string' ? config : Buffer.from(JSON.stringify(config)).toString('latin1');
    const accepted = this.call(id, 'proxy_on_configure', id, this.configuration.length);
    this.configuration = '';
    // A module without that callback accepts anything, as in Envoy.
    if (accepted === 1 || !this.exports.proxy_on_configure) return id;
    this.deleteContext(id);
    return undefined;
  }

  /** A stream's context under a root. */
  createStream(root: number): number {
    const id = this.nextContext++;
    this.contexts.set(id, { root, visible: { maps: new Map(), buffers: new Map() } });
    this.call(id, 'proxy_on_context_create', id, root);
    return id;
  }

  deleteContext(id: number): void {
    this.call(id, 'proxy_on_delete', id);
    this.contexts.delete(id);
    for (let i = this.httpCalls.length - 1; i >= 0; i--)
      if (this.httpCalls[i]!.root === id) this.httpCalls.splice(i, 1);
  }

  /** Calls into the module in a context; a callback the role does not export answers 0, as in Envoy. */
  call(context: number, name: string, ...args: number[]): number {
    const fn = this.exports[name];
    if (!fn) return 0;
    const before = [this.current, this.effective] as const;
    this.current = context;
    this.effective = 0;
    try {
      return fn(...args) ?? 0;
    } finally {
      [this.current, this.effective] = before;
    }
  }

  /** Fires a root's timer if it runs, and sets it again with its period as Envoy does (Wasm::tickHandler): also if the root is gone. */
  tick(root: number): void {
    if (!this.timers.has(root)) return;
    if (this.contexts.has(root)) this.call(root, 'proxy_on_tick', root);
    const timer = this.timers.get(root);
    if (timer) timer.due = this.monotonicNs + BigInt(timer.period) * 1_000_000n;
  }

  /** Lets time pass, firing every timer when it is due; `after` runs after each, to do what the filter asked for. */
  run(ms: number, after: () => void = () => {}): void {
    const end = this.monotonicNs + BigInt(Math.round(ms * 1e6));
    for (;;) {
      const [root, timer] = [...this.timers].sort((a, b) => Number(a[1].due - b[1].due))[0] ?? [0, undefined];
      if (!timer || timer.due > end) break;
      this.advance(Number(timer.due - this.monotonicNs) / 1e6);
      this.tick(root);
      after();
    }
    this.advance(Number(end - this.monotonicNs) / 1e6);
  }

  /**
   * Answers a callout; no headers = it failed. The router's note on answers of the upstream is added; `local` = Envoy's own answer,
   * which has none.
   */
  answer(call: HttpCall, given: Headers = [], body = '', trailers: Headers = [], local = false): void {
    const headers: Headers = given.length === 0 || local ? given : [...given, ['x-envoy-upstream-service-time', '1']];
    const at = this.httpCalls.indexOf(call);
    if (at < 0) throw new Error(`no such call: ${call.token}`);
    this.httpCalls.splice(at, 1);
    const visible = this.contexts.get(call.root)!.visible;
    visible.maps.set(6, headers);
    visible.maps.set(7, trailers);
    visible.buffers.set(4, { bytes: body, writable: false });
    this.call(
      call.root,
      'proxy_on_http_call_response',
      call.root,
      call.token,
      headers.length,
      body.length,
      trailers.length,
    );
    visible.maps.clear();
    visible.buffers.clear();
  }

  // The host's side of the ABI.

  private context(): { id: number; root: number; visible: Visible } {
    const id = this.effective || this.current;
    const context = this.contexts.get(id);
    if (!context) throw new Error(`host call without a context: ${id}`);
    return { id, ...context };
  }

  private read(ptr: number, size: number): string {
    if (size === 0) return '';
    return textOf(new Uint8Array(this.memory.buffer, ptr >>> 0, size >>> 0));
  }

  private word(ptr: number, value: number): void {
    new DataView(this.memory.buffer).setUint32(ptr >>> 0, value, true);
  }

  private long(ptr: number, value: bigint): void {
    new DataView(this.memory.buffer).setBigUint64(ptr >>> 0, value, true);
  }

  /** Copies bytes into the module through its allocator. */
  private give(text: string, ptrOut: number, sizeOut: number): number {
    let ptr = 0;
    if (text.length > 0) {
      ptr = this.exports.proxy_on_memory_allocate!(text.length) >>> 0;
      if (ptr === 0) return 3;
      new Uint8Array(this.memory.buffer, ptr, text.length).set(bytesOf(text));
    }
    this.word(ptrOut, ptr);
    this.word(sizeOut, text.length);
    return OK;
  }

  private pairs(ptr: number, size: number): Headers {
    if (size > 1024 * 1024 || size < 4) return [];
    const view = new DataView(this.memory.buffer, ptr >>> 0, size);
    const count = view.getUint32(0, true);
    if (count > 1024) return [];
    let at = 4 + count * 8;
    const result: Headers = [];
    for (let i = 0; i < count; i++) {
      const nameSize = view.getUint32(4 + i * 8, true);
      const valueSize = view.getUint32(8 + i * 8, true);
      result.push([this.read(ptr + at, nameSize), this.read(ptr + at + nameSize + 1, valueSize)]);
      at += nameSize + valueSize + 2;
    }
    if (at !== size) throw new Error(`a header block of ${size} bytes has ${at}`);
    return result;
  }

  private edit(type: number, change: (map: Headers) => void): number {
    const map = this.context().visible.maps.get(type);
    if (!map) return BAD_ARGUMENT;
    change(map);
    return OK;
  }

  private imports(module: WebAssembly.Module): WebAssembly.Imports {
    const allowed: readonly string[] | undefined = this.role && capabilities[this.role];
    const all: Record<string, (...args: never[]) => unknown> = {
      proxy_log: (level: number, ptr: number, size: number) => {
        this.logs.push(`${level} ${this.read(ptr, size)}`);
        return OK;
      },
      proxy_get_buffer_bytes: (type: number, start: number, length: number, ptrOut: number, sizeOut: number) => {
        const bytes = type === 7 ? this.configuration : this.context().visible.buffers.get(type)?.bytes;
        if (bytes === undefined) return NOT_FOUND;
        return this.give(bytes.slice(start >>> 0, (start >>> 0) + (length >>> 0)), ptrOut, sizeOut);
      },
      proxy_set_buffer_bytes: (type: number, start: number, length: number, ptr: number, size: number) => {
        const buffer = this.context().visible.buffers.get(type);
        if (!buffer) return NOT_FOUND;
        if (!buffer.writable) return BAD_ARGUMENT;
        const data = this.read(ptr, size);
        if (start === 0 && length === 0) buffer.bytes = data + buffer.bytes;
        else if (start === 0 && length >>> 0 >= buffer.bytes.length) buffer.bytes = data;
        else if (start >>> 0 >= buffer.bytes.length) buffer.bytes += data;
        else return BAD_ARGUMENT;
        return OK;
      },
      proxy_get_header_map_value: (type: number, ptr: number, size: number, ptrOut: number, sizeOut: number) => {
        const map = this.context().visible.maps.get(type);
        if (!map) return BAD_ARGUMENT;
        const name = this.read(ptr, size).toLowerCase();
        const found = map.find(([n]) => n === name);
        return found ? this.give(found[1], ptrOut, sizeOut) : NOT_FOUND;
      },
      proxy_get_header_map_pairs: (type: number, ptrOut: number, sizeOut: number) => {
        const map = this.context().visible.maps.get(type) ?? [];
        return this.give(map.length === 0 ? '' : marshal(map), ptrOut, sizeOut);
      },
      proxy_add_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) =>
        this.edit(type, (map) => map.push([this.read(key, keySize).toLowerCase(), this.read(value, valueSize)])),
      proxy_replace_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) =>
        this.edit(type, (map) => {
          const name = this.read(key, keySize).toLowerCase();
          const at = map.findIndex(([n]) => n === name);
          map.splice(at < 0 ? map.length : at, at < 0 ? 0 : 1, [name, this.read(value, valueSize)]);
        }),
      proxy_remove_header_map_value: (type: number, key: number, keySize: number) =>
        this.edit(type, (map) => {
          const name = this.read(key, keySize).toLowerCase();
          for (let i = map.length - 1; i >= 0; i--) if (map[i]![0] === name) map.splice(i, 1);
        }),
      proxy_send_local_response: (
        status: number,
        _details: number,
        _detailsSize: number,
        body: number,
        bodySize: number,
        headers: number,
        headersSize: number,
        grpc: number,
      ) => {
        const response = { status, headers: this.pairs(headers, headersSize), body: this.read(body, bodySize), grpc };
        this.actions.push({ context: this.context().id, action: { do: 'respond', response } });
        return OK;
      },
      proxy_continue_stream: (type: number) => {
        this.actions.push({ context: this.context().id, action: { do: 'continue', type } });
        return OK;
      },
      proxy_close_stream: (type: number) => {
        this.actions.push({ context: this.context().id, action: { do: 'close', type } });
        return OK;
      },
      proxy_http_call: (
        cluster: number,
        clusterSize: number,
        headers: number,
        headersSize: number,
        body: number,
        bodySize: number,
        trailers: number,
        trailersSize: number,
        timeoutMs: number,
        tokenOut: number,
      ) => {
        this.word(tokenOut, 0);
        const call: HttpCall = {
          token: 0,
          root: this.context().root,
          cluster: this.read(cluster, clusterSize),
          headers: this.pairs(headers, headersSize),
          body: this.read(body, bodySize),
          trailers: this.pairs(trailers, trailersSize),
          timeoutMs,
        };
        const has = (name: string) => call.headers.some(([n]) => n === name);
        if (!has(':method') || !has(':path') || !has(':authority')) return BAD_ARGUMENT;
        const token = this.nextToken++;
        if (this.refuseCalls()) return INTERNAL_FAILURE;
        call.token = token;
        this.httpCalls.push(call);
        this.word(tokenOut, token);
        return OK;
      },
      proxy_define_metric: (type: number, ptr: number, size: number, idOut: number) => {
        if (type > 2) return BAD_ARGUMENT;
        const name = this.read(ptr, size);
        this.metricNames.push(name);
        if (type === 2) this.histograms.set(name, this.histograms.get(name) ?? []);
        else this.metrics.set(name, this.metrics.get(name) ?? 0);
        this.word(idOut, (this.metricNames.length << 2) | type);
        return OK;
      },
      proxy_increment_metric: (id: number, offset: bigint) => {
        const name = this.metricNames[(id >>> 2) - 1];
        if (name === undefined) return NOT_FOUND;
        // A counter takes no zero and nothing negative.
        if ((id & 3) === 2 || ((id & 3) === 0 && offset <= 0n)) return BAD_ARGUMENT;
        const value = this.metric(name) + Number(offset);
        if (value < 0) throw new Error(`the gauge ${name} fell to ${value}`);
        this.metrics.set(name, value);
        return OK;
      },
      proxy_record_metric: (id: number, value: bigint) => {
        const name = this.metricNames[(id >>> 2) - 1];
        if (name === undefined) return NOT_FOUND;
        if ((id & 3) === 2) this.histograms.get(name)!.push(Number(value));
        else this.metrics.set(name, Number(value));
        return OK;
      },
      proxy_set_tick_period_milliseconds: (period: number) => {
        const { root } = this.context();
        if (period === 0) this.timers.delete(root);
        else this.timers.set(root, { period, due: this.monotonicNs + BigInt(period) * 1_000_000n });
        return OK;
      },
      proxy_set_effective_context: (id: number) => {
        if (!this.contexts.has(id)) return BAD_ARGUMENT;
        this.effective = id;
        return OK;
      },
      proxy_get_current_time_nanoseconds: (out: number) => {
        this.long(out, BigInt(Math.round(this.wallMs)) * 1_000_000n);
        return OK;
      },
      clock_time_get: (clock: number, _precision: bigint, out: number) => {
        if (clock > 1) return 58;
        this.long(out, clock === 1 ? this.monotonicNs : BigInt(Math.round(this.wallMs)) * 1_000_000n);
        return OK;
      },
    };
    const modules: WebAssembly.Imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const fn = all[name];
      if (!fn || allowed?.includes(name) === false)
        throw new Error(`the host gives no ${from}.${name} to ${this.role ?? 'this module'}`);
      modules[from] ??= {};
      modules[from][name] = (...args: never[]) => {
        this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
        return fn(...args);
      };
    }
    return modules;
  }
}
