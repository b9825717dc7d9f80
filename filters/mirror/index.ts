// mirror.wasm: what Envoy calls. Every callback of a production request answers Continue and nothing else, and nothing that could
// pause, change or end one is imported. Everything else is in the files beside this one.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { monotonicNs } from '../abi/call';
import { setTickPeriod } from '../abi/host';
import { contextCreated, freeRoot, rootDeleted, rootOfId, rootOfNewStream } from '../abi/roots';
import { find } from '../abi/table';
import { CONTINUE } from '../abi/types';
import { seedRandom } from '../lib/random';
import { tally, tellTallies } from '../lib/metrics';
import { answered, responseBody, responseHeaders, responseTrailers } from './answers';
import { configure, heartbeatMs } from './configure';
import { isFull, widen } from './copies';
import * as metrics from './metrics';
import { tellRoutes } from './routes';
import { requestHeaders, sampledByWeight } from './sample';
import { spreadTimings } from './timing';
import { Copy, Root, streams } from './state';
import * as stream from './stream';

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return temp(size);
}

/** Whether this VM has carried a stream. */
let carried: bool = false;

export function proxy_on_context_create(id: u32, parent: u32): void {
  if (!contextCreated(id, parent, offsetof<Root>())) return;
  carried = true;
  tally(metrics.SEEN);
}

export function proxy_on_configure(id: u32, _size: u32): i32 {
  const r = rootOfId(id);
  if (r == 0) return 0;
  enter();
  metrics.defineMetrics();
  const ok = configure(changetype<Root>(r));
  if (ok) {
    seedRandom(monotonicNs());
    setTickPeriod(heartbeatMs);
    tally(metrics.CONFIGURED);
    // A new timer begins: changes that come faster than it ticks must not look like a heart that stands still.
    if (carried) tally(metrics.HEARTBEAT);
    tell();
  }
  leave();
  return ok ? 1 : 0;
}

export function proxy_on_request_headers(id: u32, _count: u32, end: u32): i32 {
  const r = rootOfNewStream(id);
  if (r != 0 && sampledByWeight(changetype<Root>(r))) {
    enter();
    requestHeaders(changetype<Root>(r), id, end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_request_body(id: u32, size: u32, end: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    stream.requestBody(changetype<Copy>(c), size, end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_request_trailers(id: u32, _count: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    stream.requestTrailers(changetype<Copy>(c));
    leave();
  }
  return CONTINUE;
}

export function proxy_on_response_headers(id: u32, _count: u32, end: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    responseHeaders(changetype<Copy>(c), end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_response_body(id: u32, size: u32, end: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    responseBody(changetype<Copy>(c), size, end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_response_trailers(id: u32, _count: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    responseTrailers(changetype<Copy>(c));
    leave();
  }
  return CONTINUE;
}

export function proxy_on_http_call_response(_id: u32, token: u32, headers: u32, bodySize: u32, trailers: u32): void {
  enter();
  answered(token, headers, bodySize, trailers);
  leave();
}

function tell(): void {
  tellTallies();
  tellRoutes();
}

/**
 * Envoy keeps one more VM on its main thread, which ticks like the others but never carries a stream: it must not beat for a
 * worker's that has failed.
 */
export function proxy_on_tick(id: u32): void {
  if (!carried) return;
  tally(metrics.HEARTBEAT);
  const r = rootOfId(id);
  if (r != 0) {
    if (isFull(changetype<Root>(r))) widen(changetype<Root>(r));
    stream.giveUpEndless(changetype<Root>(r));
  }
  spreadTimings();
  tell();
}

export function proxy_on_delete(id: u32): void {
  const p = rootDeleted(id);
  if (p == 0) {
    stream.streamEnded(id);
    return;
  }
  setTickPeriod(0);
  stream.abandonAll(changetype<Root>(p));
  tell();
  freeRoot(p, offsetof<Root>());
}
