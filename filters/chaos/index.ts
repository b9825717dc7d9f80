// chaos.wasm: what Envoy calls. Everything else is in the files beside this one.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { count } from '../lib/metrics';
import { give } from '../abi/heap';
import { contextCreated, freeRoot, rootDeleted, rootOfId, rootOfNewStream } from '../abi/roots';
import { CONTINUE } from '../abi/types';
import { configure } from './configure';
import * as metrics from './metrics';
import { Root } from './state';
import * as stream from './stream';

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return temp(size);
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  contextCreated(id, parent, offsetof<Root>());
}

export function proxy_on_configure(id: u32, _size: u32): i32 {
  const r = rootOfId(id);
  if (r == 0) return 0;
  enter();
  metrics.defineMetrics();
  const ok = configure(changetype<Root>(r));
  if (ok) count(metrics.CONFIGURED);
  leave();
  return ok ? 1 : 0;
}

export function proxy_on_request_headers(id: u32, _count: u32, end: u32): i32 {
  const r = rootOfNewStream(id);
  if (r == 0 || changetype<Root>(r).count == 0) return CONTINUE;
  enter();
  const answer = stream.requestHeaders(changetype<Root>(r), id, end != 0);
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
  const r = rootOfId(id);
  if (r == 0) return;
  enter();
  stream.tick(changetype<Root>(r));
  leave();
}

export function proxy_on_delete(id: u32): void {
  const p = rootDeleted(id);
  if (p == 0) {
    const s = stream.findStream(id);
    if (s === null) return;
    enter();
    stream.deleteStream(s);
    leave();
    return;
  }
  const r = changetype<Root>(p);
  if (r.waiting != 0) give(r.waiting, (<usize>r.waitingCap) << 2);
  freeRoot(p, offsetof<Root>());
}
