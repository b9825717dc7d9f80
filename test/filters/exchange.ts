/**
 * One HTTP exchange through a filter as Envoy drives it: what the filter returns decides whether headers, body and trailers
 * go on, are held or are collected (Envoy's ActiveStreamFilterBase rules, for one filter with allow_on_headers_stop_iteration).
 */
import type { FilterHost, Headers, LocalResponse } from './harness.ts';

const CONTINUE = 0;
const STOP = 1;
const STOP_ALL_BUFFER = 3;
const STOP_ALL_WATERMARK = 4;

/** What has passed the filter in one direction. */
export interface Passed {
  headers?: Headers;
  body: string;
  trailers?: Headers;
  ended: boolean;
}

/** One direction. Numbers are the ABI's: the maps of headers and trailers, the buffer, the stream type. */
class Direction {
  readonly passed: Passed = { body: '', ended: false };
  /** Everything waits. */
  stopped = false;
  private held: Headers | undefined;
  private collected = '';
  /** The last callback for a body asked to collect: what comes next is added to what was collected, and the callback sees all. */
  private buffering = false;
  /** Nothing goes on by itself: the filter has to continue. */
  waits = false;
  private queue: (() => void)[] = [];
  private heldTrailers: Headers | undefined;
  private endHeld = false;
  private readonly x: Exchange;
  private readonly name: 'request' | 'response';
  private readonly maps: readonly [headers: number, trailers: number];
  private readonly buffer: number;

  constructor(x: Exchange, name: 'request' | 'response', maps: readonly [number, number], buffer: number) {
    this.x = x;
    this.name = name;
    this.maps = maps;
    this.buffer = buffer;
  }

  headers(pairs: Headers, end: boolean): number {
    const map: Headers = [...pairs];
    this.x.visible.maps.set(this.maps[0], map);
    const result = this.x.callback(`proxy_on_${this.name}_headers`, map.length, Number(end));
    if (result === CONTINUE) {
      this.x.visible.maps.delete(this.maps[0]);
      this.passed.headers = map;
      this.passed.ended = end;
    } else {
      this.held = map;
      this.endHeld = end;
      this.waits = true;
      if (result === STOP_ALL_BUFFER || result === STOP_ALL_WATERMARK) this.stopped = true;
      else if (result !== STOP) throw new Error(`headers answered ${result}`);
    }
    this.x.settle();
    return result;
  }

  data(chunk: string, end: boolean): number | undefined {
    if (this.stopped) {
      this.queue.push(() => this.data(chunk, end));
      return undefined;
    }
    const added = this.buffering;
    const seen = { bytes: (added ? this.collected : '') + chunk, writable: true };
    const before = added ? '' : this.collected;
    this.x.visible.buffers.set(this.buffer, seen);
    const result = this.x.callback(`proxy_on_${this.name}_body`, seen.bytes.length, Number(end));
    this.x.visible.buffers.delete(this.buffer);
    if (result === CONTINUE) {
      this.buffering = false;
      // Envoy lets go what it has collected only if the filter had stopped.
      if (added && !this.waits) this.collected = seen.bytes;
      else {
        this.collected = before + seen.bytes;
        this.release(end);
      }
    } else if (result === STOP || result === 2) {
      this.collected = before + seen.bytes;
      this.buffering = result === STOP;
      this.endHeld = end;
      this.waits = true;
    } else if (result === 3) this.endHeld = end;
    else throw new Error(`a body answered ${result}`);
    this.x.settle();
    return result;
  }

  trailers(pairs: Headers): number | undefined {
    if (this.stopped) {
      this.queue.push(() => this.trailers(pairs));
      return undefined;
    }
    const map: Headers = [...pairs];
    const seen = { bytes: this.collected, writable: true };
    this.x.visible.maps.set(this.maps[1], map);
    if (this.buffering) this.x.visible.buffers.set(this.buffer, seen);
    const result = this.x.callback(`proxy_on_${this.name}_trailers`, map.length);
    if (this.buffering) this.collected = seen.bytes;
    this.x.visible.buffers.delete(this.buffer);
    this.x.visible.maps.delete(this.maps[1]);
    if (result === CONTINUE) {
      this.release(false);
      this.passed.trailers = map;
      this.passed.ended = true;
    } else {
      this.heldTrailers = map;
      this.stopped = true;
    }
    this.x.settle();
    return result;
  }

  /** continue_stream. */
  resume(): void {
    this.stopped = false;
    this.release(this.endHeld);
    this.endHeld = false;
    if (this.heldTrailers) {
      this.passed.trailers = this.heldTrailers;
      this.passed.ended = true;
      this.heldTrailers = undefined;
    }
    const queue = this.queue;
    this.queue = [];
    for (const next of queue) next();
  }

  private release(end: boolean): void {
    this.waits = false;
    if (this.held) {
      this.passed.headers = this.held;
      this.held = undefined;
      this.x.visible.maps.delete(this.maps[0]);
    }
    this.passed.body += this.collected;
    this.collected = '';
    if (end) this.passed.ended = true;
  }
}

export class Exchange {
  readonly host: FilterHost;
  readonly id: number;
  local: LocalResponse | undefined;
  reset = false;
  over = false;
  /** Every value a callback returned. */
  readonly results: number[] = [];
  private readonly req: Direction;
  private readonly res: Direction;

  constructor(host: FilterHost, root: number) {
    this.host = host;
    this.id = host.createStream(root);
    this.req = new Direction(this, 'request', [0, 1], 0);
    this.res = new Direction(this, 'response', [2, 3], 1);
  }

  get visible() {
    return this.host.contexts.get(this.id)!.visible;
  }

  /** What the service gets, and what the client gets. */
  get request(): Passed {
    return this.req.passed;
  }
  get response(): Passed {
    return this.res.passed;
  }
  get held(): boolean {
    return this.req.waits || this.res.waits;
  }

  requestHeaders(pairs: Headers, end = false): number {
    return this.req.headers(pairs, end);
  }
  requestBody(chunk: string, end = false): number | undefined {
    return this.req.data(chunk, end);
  }
  requestTrailers(pairs: Headers): number | undefined {
    return this.req.trailers(pairs);
  }
  responseHeaders(pairs: Headers, end = false): number {
    return this.res.headers(pairs, end);
  }
  responseBody(chunk: string, end = false): number | undefined {
    return this.res.data(chunk, end);
  }
  responseTrailers(pairs: Headers): number | undefined {
    return this.res.trailers(pairs);
  }

  /** The stream ends, whatever its state. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.host.deleteContext(this.id);
  }

  callback(name: string, ...args: number[]): number {
    const result = this.host.call(this.id, name, this.id, ...args);
    this.results.push(result);
    return result;
  }

  /** Does what the filter asked for meanwhile; Envoy does so when the callback has returned. */
  settle(): void {
    for (;;) {
      const at = this.host.actions.findIndex((a) => a.context === this.id);
      if (at < 0) return;
      const { action } = this.host.actions.splice(at, 1)[0]!;
      if (action.do === 'continue') (action.type === 0 ? this.req : this.res).resume();
      else if (action.do === 'close') this.reset = true;
      else {
        if (this.local) throw new Error('a second local response hangs the client');
        if (this.response.headers) throw new Error('a local response after the answer began');
        this.local = action.response;
        const { status, headers, body } = action.response;
        this.res.headers([[':status', String(status)], ...headers], body === '');
        if (body !== '' && !this.over) this.res.data(body, true);
      }
    }
  }
}

/** Everything waiting in a host is done for the given exchanges: after a tick, say. */
export function settleAll(exchanges: Iterable<Exchange>): void {
  for (const x of exchanges) if (!x.over) x.settle();
}
