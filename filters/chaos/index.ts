// chaos.wasm: what Envoy calls. Everything else is in the files beside this one.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { count } from '../lib/metrics';
import { give, take } from '../abi/heap';
import { drop } from '../abi/region';
import { find, put, remove } from '../abi/table';
import { CONTINUE } from '../abi/types';
import { configure } from './configure';
import * as metrics from './metrics';
import { Root, regionOf, roots } from './state';
import * as stream from './stream';

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return temp(size);
}

// A stream's context is created right before its headers come, so remembering the last one does for all.
let created: u32 = 0;
let createdRoot: usize = 0;

export function proxy_on_context_create(id: u32, parent: u32): void {
  if (parent != 0) {
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
  if (ok) count(metrics.CONFIGURED);
  leave();
  return ok ? 1 : 0;
}

export function proxy_on_request_headers(id: u32, _count: u32, end: u32): i32 {
  if (id != created || createdRoot == 0) return CONTINUE;
  const r = changetype<Root>(createdRoot);
  if (r.count == 0) return CONTINUE;
  enter();
  const answer = stream.requestHeaders(r, id, end != 0);
  leave();
  return answer;
}

export function proxy_on_request_body(id: u32, size: u32, end: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  enter();
  const answer = stream.requestBody(s, size, end != 0);
  leave();
  return answer;
}

export function proxy_on_request_trailers(id: u32, _count: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  enter();
  const answer = stream.requestTrailers(s);
  leave();
  return answer;
}

export function proxy_on_response_headers(id: u32, _count: u32, end: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  enter();
  const answer = stream.responseHeaders(s, end != 0);
  leave();
  return answer;
}

export function proxy_on_response_body(id: u32, size: u32, end: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  enter();
  const answer = stream.responseBody(s, size, end != 0);
  leave();
  return answer;
}

export function proxy_on_response_trailers(id: u32, _count: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  enter();
  const answer = stream.responseTrailers(s);
  leave();
  return answer;
}

export function proxy_on_tick(id: u32): void {
  const r = find(roots, id);
  if (r == 0) return;
  enter();
  stream.tick(changetype<Root>(r));
  leave();
}

export function proxy_on_delete(id: u32): void {
  const p = remove(roots, id);
  if (p == 0) {
    stream.deleteStream(id);
    return;
  }
  const r = changetype<Root>(p);
  if (createdRoot == p) createdRoot = 0;
  if (r.region != 0) drop(regionOf(r));
  if (r.waiting != 0) give(r.waiting, (<usize>r.waitingCap) << 2);
  give(p, offsetof<Root>());
}
