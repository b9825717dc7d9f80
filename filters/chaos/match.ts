import { header, len, ptr } from '../abi/call';
import { ascii, same, seek, startsWith, Text } from '../abi/text';
import { REQUEST_HEADERS } from '../abi/types';
import { mix } from '../lib/random';
import { matchesPattern } from './pattern';
import { Fault } from './state';

const METHOD = ascii(':method');
const PATH = ascii(':path');
const AUTHORITY = ascii(':authority');
const CALLER = ascii('x-umbra-caller');
const other = changetype<Text>(memory.data(offsetof<Text>(), 8));

/** A header of the request, read when a fault first asks for it; the bytes live until the callback returns. */
@unmanaged
class Seen {
  read: bool;
  ptr: usize;
  len: u32;
}

const method = changetype<Seen>(memory.data(offsetof<Seen>(), 8));
const path = changetype<Seen>(memory.data(offsetof<Seen>(), 8));
const authority = changetype<Seen>(memory.data(offsetof<Seen>(), 8));
const caller = changetype<Seen>(memory.data(offsetof<Seen>(), 8));

/** Forgets the request before. */
export function openMatch(): void {
  method.read = false;
  path.read = false;
  authority.read = false;
  caller.read = false;
}

/** An absent header is 0 bytes at 0, which equals no value a fault can name. */
function see(s: Seen, name: Text): Seen {
  if (!s.read) {
    const there = header(REQUEST_HEADERS, name);
    s.read = true;
    s.ptr = there ? ptr : 0;
    s.len = there ? len : 0;
  }
  return s;
}

/** Bytes before the first `stop`. */
function upTo(p: usize, n: u32, stop: u32): u32 {
  return <u32>(seek(p, p + n, stop) - p);
}

/** Whether a request fits a fault. Each header is read at most once per request, and only if a fault names it. */
export function fits(f: Fault): bool {
  if (f.methodLen != 0) {
    const s = see(method, METHOD);
    if (!same(s.ptr, s.len, f.method, f.methodLen)) return false;
  }
  if (f.prefixLen != 0 || f.patternLen != 0) {
    const s = see(path, PATH);
    if (!startsWith(s.ptr, s.len, f.prefix, f.prefixLen)) return false;
    if (f.patternLen != 0 && !matchesPattern(s.ptr, upTo(s.ptr, s.len, 63), f.pattern, f.patternLen)) return false;
  }
  if (f.authorityLen != 0) {
    const s = see(authority, AUTHORITY);
    if (!same(s.ptr, upTo(s.ptr, s.len, 58), f.authority, f.authorityLen)) return false;
  }
  if (f.callerLen != 0) {
    const s = see(caller, CALLER);
    if (!same(s.ptr, s.len, f.caller, f.callerLen)) return false;
  }
  if (f.headerName != 0) {
    other.ptr = f.headerName;
    other.len = f.headerNameLen;
    if (!header(REQUEST_HEADERS, other)) return false;
    if (f.headerValue != 0 && !same(ptr, len, f.headerValue, f.headerValueLen)) return false;
  }
  return true;
}

/** The seed of one request's choices; `use` (below 8) keeps share, delay and each part's mutation apart. */
export function seedOf(f: Fault, number: u64, use: u64): u64 {
  return mix(f.seed ^ mix(number * 8 + use));
}

/** Whether the share takes this request; replayable by its number. */
export function drawn(f: Fault, number: u64): bool {
  return seedOf(f, number, 0) >> 32 < f.share;
}
