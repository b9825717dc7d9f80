import { header, len, ptr, wallNs } from '../abi/call';
import { count } from '../lib/metrics';
import { ascii, same, startsWith, Text } from '../abi/text';
import { REQUEST_HEADERS } from '../abi/types';
import { mix } from '../lib/random';
import * as metrics from './metrics';
import { Fault, Root } from './state';

const METHOD = ascii(':method');
const PATH = ascii(':path');
const CALLER = ascii('x-umbra-caller');
const other = changetype<Text>(memory.data(offsetof<Text>(), 8));

/** A fault past its expiry does nothing; the first time that is seen it is counted. */
export function isOver(f: Fault, wall: u64, monotonic: u64): bool {
  if (!f.over) {
    if (wall < f.expires && monotonic < f.ends) return false;
    f.over = true;
    count(metrics.EXPIRED);
  }
  return true;
}

/** Whether a request fits a fault. Reads each header at most once per fault, and only those the fault names. */
export function fits(f: Fault): bool {
  if (f.method != 0 && !(header(REQUEST_HEADERS, METHOD) && same(ptr, len, f.method, f.methodLen))) return false;
  if (f.prefix != 0 && !(header(REQUEST_HEADERS, PATH) && startsWith(ptr, len, f.prefix, f.prefixLen))) return false;
  if (f.caller != 0 && !(header(REQUEST_HEADERS, CALLER) && same(ptr, len, f.caller, f.callerLen))) return false;
  if (f.headerName != 0) {
    other.ptr = f.headerName;
    other.len = f.headerNameLen;
    if (!header(REQUEST_HEADERS, other)) return false;
    if (f.headerValue != 0 && !same(ptr, len, f.headerValue, f.headerValueLen)) return false;
  }
  return true;
}

/** The seed of one request's choices; `use` keeps share, delay and mutation apart. */
export function seedOf(f: Fault, number: u64, use: u64): u64 {
  return mix(f.seed ^ mix(number * 4 + use));
}

/** Whether the share takes this request; replayable by its number. */
export function drawn(f: Fault, number: u64): bool {
  return seedOf(f, number, 0) >> 32 < f.share;
}
