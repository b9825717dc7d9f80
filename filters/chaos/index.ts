// chaos.wasm: what Envoy calls. Everything else is in the files beside this one.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { give } from '../abi/heap';
import { setTickPeriod } from '../abi/host';
import { contextCreated, freeRoot, rootDeleted, rootOfId, rootOfNewStream } from '../abi/roots';
import { CONTINUE } from '../abi/types';
import { openClock } from './clock';
import { configure } from './configure';
import * as metrics from './metrics';
import { comeIntoForce, leaveRoots } from './over';
import { Root } from './state';
import * as stream from './stream';
import { count, tell, tellLater } from './tell';

/** Every callback that works begins with this and ends with {@link end}. */
function begin(): void {
  enter();
  openClock();
}

function end(root: usize): void {
  tellLater(changetype<Root>(root));
  leave();
}

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
  begin();
  metrics.defineMetrics();
  const ok = configure(changetype<Root>(r));
  if (ok) count(metrics.CONFIGURED);
  tell();
  leave();
  return ok ? 1 : 0;
}

/** Envoy takes an old configuration up again if its text has come back before its last stream has ended. */
function comeBack(r: Root, id: u32): void {
  begin();
  comeIntoForce(r, id);
  leave();
}

export function proxy_on_request_headers(id: u32, _count: u32, last: u32): i32 {
  const r = rootOfNewStream(id);
  if (r == 0) return CONTINUE;
  if (!changetype<Root>(r).inForce) comeBack(changetype<Root>(r), id);
  if (changetype<Root>(r).count == 0) return CONTINUE;
  begin();
  const answer = stream.requestHeaders(changetype<Root>(r), id, last != 0);
  end(r);
  return answer;
}

export function proxy_on_request_body(id: u32, size: u32, last: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  begin();
  const answer = stream.requestBody(s, size, last != 0);
  end(s.root);
  return answer;
}

export function proxy_on_request_trailers(id: u32, _count: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  begin();
  const answer = stream.requestTrailers(s);
  end(s.root);
  return answer;
}

export function proxy_on_response_headers(id: u32, _count: u32, last: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  begin();
  const answer = stream.responseHeaders(s, last != 0);
  end(s.root);
  return answer;
}

export function proxy_on_response_body(id: u32, size: u32, last: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  begin();
  const answer = stream.responseBody(s, size, last != 0);
  end(s.root);
  return answer;
}

export function proxy_on_response_trailers(id: u32, _count: u32): i32 {
  const s = stream.findStream(id);
  if (s === null) return CONTINUE;
  begin();
  const answer = stream.responseTrailers(s);
  end(s.root);
  return answer;
}

export function proxy_on_tick(id: u32): void {
  const r = rootOfId(id);
  if (r == 0) return;
  begin();
  stream.tick(changetype<Root>(r));
  end(r);
}

export function proxy_on_delete(id: u32): void {
  const p = rootDeleted(id);
  if (p == 0) {
    const s = stream.findStream(id);
    if (s === null) return;
    const root = s.root;
    begin();
    stream.deleteStream(s);
    end(root);
    return;
  }
  const r = changetype<Root>(p);
  // There may be no tick any more, and the host would keep the timer for good.
  tell();
  leaveRoots(r);
  setTickPeriod(0);
  if (r.waiting != 0) give(r.waiting, (<usize>r.waitingCap) << 2);
  freeRoot(p, offsetof<Root>());
}
