// What mutation does to one stream: its collected body, its query, its headers.
import { bytes, header, headers, len, ptr } from '../abi/call';
import { replaceHeader, setBufferBytes } from '../abi/host';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { amongSorted, ascii, seek } from '../abi/text';
import * as abi from '../abi/types';
import { bodyKind, UNREADABLE } from '../lib/body';
import { parseNumber } from '../lib/number';
import { output, put, putU64 } from '../lib/out';
import { seedRandom } from '../lib/random';
import { mutateHeaders } from './headers';
import { seedOf } from './match';
import * as metrics from './metrics';
import { made, mutate, QUERY_STRING, used } from './mutate';
import { isDone } from './over';
import * as state from './state';
import { bufferOf, Fault, faultOf, Hit, hitAt, mapOf, noteEdits, Root, Stream } from './state';
import { count } from './tell';

const PATH = ascii(':path');
const CONTENT_LENGTH = ascii('content-length');
const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

@inline
function mutatesPart(f: Fault, on: u32, part: u32): bool {
  return f.mutateOn == on && (f.parts & (1 << part)) != 0 && !isDone(f);
}

/** Whether a fault that is not over changes the body. */
export function mutatesBody(s: Stream, on: u32): bool {
  for (let i: u32 = 0; i < s.hits; i++) if (mutatesPart(faultOf(hitAt(s, i)), on, state.BODY)) return true;
  return false;
}

/** Notes what the headers say of their body, all read at once; whether that is not too long. */
function readHead(s: Stream, map: u32): bool {
  let length: f64 = 0;
  let typed = false;
  let encoded = false;
  s.sized = false;
  s.format = UNREADABLE;
  s.declared = 0;
  if (!headers(map)) return true;
  openPairs(pairs, ptr, len);
  while (nextPair(pairs)) {
    const which = amongSorted(pairs.name, pairs.nameLen, sorted`content-type content-length content-encoding`);
    if (which == 2 && !s.sized) {
      s.sized = true;
      length = parseNumber(pairs.value, pairs.valueLen);
    } else if (which == 1 && !typed) {
      typed = true;
      s.format = bodyKind(pairs.value, pairs.valueLen, 'text/');
    } else if (which == 3) encoded = true;
  }
  if (encoded) s.format = UNREADABLE;
  if (length > <f64>changetype<Root>(s.root).maxBody) return false;
  s.declared = <u32>length;
  return true;
}

/**
 * Whether a body to come is to be changed and can be: it has a format (or is taken raw) and is not declared too large. Notes what
 * its headers say, so that the host is asked once.
 */
export function wantsBody(s: Stream, on: u32): bool {
  if (!mutatesBody(s, on)) return false;
  let raw = false;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = faultOf(hitAt(s, i));
    if (f.raw && mutatesPart(f, on, state.BODY)) raw = true;
  }
  if (!readHead(s, mapOf(on))) {
    count(metrics.MUTATE_TOO_LARGE);
    return false;
  }
  if (raw || s.format != UNREADABLE) return true;
  count(metrics.MUTATE_NO_FIT);
  return false;
}

/** Seeds the choices of one part of one hit. */
function seed(h: Hit, part: u32): void {
  seedRandom(seedOf(faultOf(h), h.number, 2 + part));
}

/** Changes the collected body while its headers are held. The bytes the buffer holds then; `size` as the host gave it. */
export function changeBody(s: Stream, on: u32, size: u32): u32 {
  if (!bytes(bufferOf(on), 0, size)) {
    count(metrics.MUTATE_NO_FIT);
    return 0;
  }
  let body = ptr;
  let length = len;
  let changed = false;
  for (let i: u32 = 0; i < s.hits; i++) {
    const h = hitAt(s, i);
    const f = faultOf(h);
    if (!mutatesPart(f, on, state.BODY)) continue;
    seed(h, state.BODY);
    const o = mutate(body, length, s.format, f.ops, f.kinds, f.raw);
    if (o === null) continue;
    changed = true;
    body = o.ptr;
    length = o.len;
    noteEdits(h, state.BODY, used, made);
  }
  if (!changed || setBufferBytes(bufferOf(on), 0, size, body, length) != abi.OK) {
    count(metrics.MUTATE_NO_FIT);
    return length;
  }
  count(metrics.MUTATED);
  if (s.sized && length != s.declared) setLength(mapOf(on), length);
  return length;
}

function setLength(map: u32, length: u32): void {
  const o = output(20);
  putU64(o, length);
  if (!o.failed) replaceHeader(map, CONTENT_LENGTH.ptr, CONTENT_LENGTH.len, o.ptr, o.len);
}

/** Changes query and headers, right before they leave. */
export function changeHead(s: Stream, on: u32): void {
  for (let i: u32 = 0; i < s.hits; i++) {
    const h = hitAt(s, i);
    const f = faultOf(h);
    if (mutatesPart(f, on, state.QUERY)) {
      seed(h, state.QUERY);
      note(h, state.QUERY, changeQuery(f), metrics.MUTATED_QUERY);
    }
    if (mutatesPart(f, on, state.HEADERS)) {
      seed(h, state.HEADERS);
      note(h, state.HEADERS, mutateHeaders(mapOf(on), f), metrics.MUTATED_HEADERS);
    }
  }
}

function note(h: Hit, part: u32, changed: bool, metric: u32): void {
  if (changed) noteEdits(h, part, used, made);
  count(changed ? metric : metrics.MUTATE_NO_FIT);
}

function changeQuery(f: Fault): bool {
  if (!header(abi.REQUEST_HEADERS, PATH)) return false;
  const path = ptr;
  const size = len;
  const at = <u32>(seek(path, path + size, 63) - path) + 1;
  if (at > size) return false;
  const after = mutate(path + at, size - at, QUERY_STRING, f.ops, f.kinds, f.raw);
  if (after === null) return false;
  const o = output(at + after.len);
  put(o, path, at);
  put(o, after.ptr, after.len);
  return !o.failed && replaceHeader(abi.REQUEST_HEADERS, PATH.ptr, PATH.len, o.ptr, o.len) == abi.OK;
}
