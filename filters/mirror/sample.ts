// Which requests are copied: by weight before any host call, then by session, at last by all of the request's headers.
import * as call from '../abi/call';
import { take } from '../abi/heap';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { amongSorted, is, same, seek, Text } from '../abi/text';
import { REQUEST_HEADERS } from '../abi/types';
import { bodyKind, UNREADABLE } from '../lib/body';
import { tally } from '../lib/metrics';
import { parseNumber } from '../lib/number';
import { mix, random } from '../lib/random';
import { abandon, hold, isFull, newCopy } from './copies';
import { sessionHash } from './identity';
import * as metrics from './metrics';
import { Rule, ruleOf } from './rules';
import { send } from './send';
import { beginTiming } from './timing';
import * as state from './state';
import { Copy, Root } from './state';

const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

/** What this request has drawn, of 2^32. */
let drawn: u64 = 0;

/** Decides by weight alone, before any host call; sessions are decided by {@link requestHeaders}. */
@inline
export function sampledByWeight(r: Root): bool {
  if (r.most == 0) return false;
  drawn = random() >> 32;
  return r.session != state.SESSION_NONE || drawn < r.most;
}

/** The value of one cookie of a cookie header; false if it is not there. */
let found: usize = 0;
let foundLen: u32 = 0;
function cookieValue(p: usize, len: u32, name: Text): bool {
  const end = p + len;
  while (p < end) {
    const q = seek(p, end, 59);
    while (p < q && load<u8>(p) == 32) p++;
    const equals = seek(p, q, 61);
    if (equals < q && same(p, <u32>(equals - p), name.ptr, name.len)) {
      found = equals + 1;
      foundLen = <u32>(q - equals - 1);
      return true;
    }
    p = q + 1;
  }
  return false;
}

/** The session's number by one host call; 0 if the request has none. */
function session(r: Root): u64 {
  if (r.session == state.SESSION_NONE) return 0;
  const name = changetype<Text>(changetype<usize>(r) + offsetof<Root>('sessionName'));
  const byCookie = r.session == state.SESSION_COOKIE;
  if (!(byCookie ? call.headerNamed(REQUEST_HEADERS, 'cookie') : call.header(REQUEST_HEADERS, name))) return 0;
  found = call.ptr;
  foundLen = call.len;
  if (byCookie && !cookieValue(found, foundLen, name)) return 0;
  return foundLen == 0 ? 0 : sessionHash(r, found, foundLen);
}

/** Records a configuration may have for each copy in flight: answers of production that go on and on must not pile up. */
const RECORDS: u32 = 16;

export function requestHeaders(r: Root, id: u32, end: bool): void {
  const whose = session(r);
  if (whose != 0) drawn = mix(whose) >> 32;
  if (drawn >= r.most || !call.headers(REQUEST_HEADERS)) return;
  const block = call.ptr;
  const size = call.len;
  const verdict = look(r, block, size, end);
  if (verdict == NOT_MEANT) return;
  tally(metrics.SAMPLED);
  if (verdict != 0) return tally(verdict);
  if (isFull(r) || r.records >= r.maxInFlight * RECORDS)
    return tally(r.window < r.maxInFlight ? metrics.DROPPED_FAILING : metrics.DROPPED_IN_FLIGHT);
  const c = newCopy(r, id);
  if (c === null) return tally(metrics.DROPPED_NO_MEMORY);
  beginTiming(c);
  c.scope = whose != 0 ? whose : scope;
  c.bodyKind = kind;
  if (rule != 0) {
    c.route = changetype<Rule>(rule).counters;
    c.opaque = changetype<Rule>(rule).opaque;
    safe = safe && changetype<Rule>(rule).twice;
  }
  c.twice = safe && r.twice != 0 && random() >> 32 < r.twice;
  if (!hold(c, size)) return abandon(c, metrics.DROPPED_BYTES_HELD);
  if (end) return send(c, block, size, 0, 0);
  const head = take(size);
  if (head == 0) return abandon(c, metrics.DROPPED_NO_MEMORY);
  memory.copy(head, block, size);
  c.head = head;
  c.headLen = size;
}

const NOT_MEANT: u32 = 0xffffffff;
let kind: u32 = 0;
let safe: bool = false;
let scope: u64 = 0;
let rule: usize = 0;

const LOOKED_AT = sorted`
  :path :method upgrade :protocol content-type authorization content-length x-umbra-shadow content-encoding`;

/** One pass over the headers: 0 = copy it, NOT_MEANT, else the counter of the reason it is skipped. */
function look(r: Root, block: usize, size: u32, end: bool): u32 {
  kind = UNREADABLE;
  safe = false;
  scope = 0;
  let path: usize = 0;
  let pathLen: u32 = 0;
  let method: usize = 0;
  let methodLen: u32 = 0;
  let encoded = false;
  let reason: u32 = 0;
  openPairs(pairs, block, size);
  while (nextPair(pairs)) {
    const v = pairs.value;
    const n = pairs.valueLen;
    switch (amongSorted(pairs.name, pairs.nameLen, LOOKED_AT)) {
      case 1:
        path = v;
        pathLen = n;
        break;
      case 2:
        method = v;
        methodLen = n;
        if (is(v, n, 'CONNECT')) reason = metrics.SKIPPED_UPGRADE;
        safe = amongSorted(v, n, sorted`GET HEAD OPTIONS`) != 0;
        break;
      case 3:
      case 4:
        if (n != 0) reason = metrics.SKIPPED_UPGRADE;
        break;
      case 5:
        kind = bodyKind(v, n, 'text/plain');
        break;
      case 6:
        scope = sessionHash(r, v, n);
        break;
      case 7:
        if (reason == 0 && parseNumber(v, n) > <f64>r.maxBody) reason = metrics.DROPPED_BODY_TOO_LARGE;
        break;
      case 8:
        reason = metrics.SKIPPED_LOOP;
        break;
      case 9:
        if (!is(v, n, 'identity')) encoded = true;
        break;
      default:
        break;
    }
  }
  rule = ruleOf(r, block, size, path, pathLen, method, methodLen);
  if (drawn >= (rule == 0 ? r.share : changetype<Rule>(rule).share)) return NOT_MEANT;
  if (encoded) kind = UNREADABLE;
  if (reason == 0 && !end && kind == UNREADABLE && (rule == 0 || !changetype<Rule>(rule).opaque)) reason = metrics.SKIPPED_UNREADABLE;
  return reason;
}
