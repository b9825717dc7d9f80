// mirror.wasm: what Envoy calls. Every callback of a production request answers Continue and nothing else, and nothing that could
// pause, change or end one is imported. Everything else is in the files beside this one.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { monotonicNs, wallNs } from '../abi/call';
import { add, count } from '../lib/metrics';
import { give, take } from '../abi/heap';
import { setTickPeriod } from '../abi/host';
import { drop } from '../abi/region';
import { find, put, remove } from '../abi/table';
import { CONTINUE } from '../abi/types';
import { configure, heartbeatMs } from './configure';
import { reportHeld } from './copies';
import * as metrics from './metrics';
import { Copy, Root, regionOf, roots, streams } from './state';
import * as stream from './stream';

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return temp(size);
}

// A stream's context is created right before its headers come, so remembering the last one does for all.
let created: u32 = 0;
let createdRoot: usize = 0;

/** Streams this VM has carried, and how many of them were reported. */
let carried: u64 = 0;
let reported: u64 = 0;

export function proxy_on_context_create(id: u32, parent: u32): void {
  if (parent != 0) {
    carried++;
    created = id;
    createdRoot = find(roots, parent);
    return;
  }
  const p = take(offsetof<Root>());
  if (p == 0) return;
  memory.fill(p, 0, offsetof<Root>());
  changetype<Root>(p).id = id;
  if (!put(roots, id, p)) give(p, offsetof<Root>());
}

export function proxy_on_configure(id: u32, _size: u32): i32 {
  const r = find(roots, id);
  if (r == 0) return 0;
  enter();
  metrics.defineMetrics();
  const ok = configure(changetype<Root>(r));
  if (ok) {
    stream.seedSampling(wallNs() ^ monotonicNs());
    setTickPeriod(heartbeatMs);
    count(metrics.CONFIGURED);
  }
  leave();
  return ok ? 1 : 0;
}

export function proxy_on_request_headers(id: u32, _count: u32, end: u32): i32 {
  if (id == created && createdRoot != 0) {
    const r = changetype<Root>(createdRoot);
    if (r.ready && stream.sampledByWeight(r)) {
      enter();
      stream.requestHeaders(r, id, end != 0);
      leave();
    }
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
    stream.responseHeaders(changetype<Copy>(c), end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_response_body(id: u32, size: u32, end: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    stream.responseBody(changetype<Copy>(c), size, end != 0);
    leave();
  }
  return CONTINUE;
}

export function proxy_on_response_trailers(id: u32, _count: u32): i32 {
  const c = find(streams, id);
  if (c != 0) {
    enter();
    stream.responseTrailers(changetype<Copy>(c));
    leave();
  }
  return CONTINUE;
}

export function proxy_on_http_call_response(_id: u32, token: u32, headers: u32, bodySize: u32, _trailers: u32): void {
  enter();
  stream.answered(token, headers, bodySize);
  leave();
}

/**
 * Envoy keeps one more VM on its main thread, which ticks like the others but never carries a stream: it must not beat for a
 * worker's that has failed.
 */
export function proxy_on_tick(_id: u32): void {
  if (carried == 0) return;
  count(metrics.HEARTBEAT);
  add(metrics.SEEN, <i64>(carried - reported));
  reported = carried;
  reportHeld();
}

export function proxy_on_delete(id: u32): void {
  const p = remove(roots, id);
  if (p == 0) {
    stream.streamEnded(id);
    return;
  }
  const r = changetype<Root>(p);
  if (createdRoot == p) createdRoot = 0;
  setTickPeriod(0);
  stream.abandonAll(r);
  reportHeld();
  if (r.region != 0) drop(regionOf(r));
  give(p, offsetof<Root>());
}
