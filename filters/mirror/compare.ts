// Both answers of one request: what they say of how well the shadow follows, and which ids they teach.
import { add, count, record } from '../lib/metrics';
import { give, take } from '../abi/heap';
import { newOut, Out } from '../lib/out';
import { release } from './copies';
import { expect, learn } from './ids';
import * as metrics from './metrics';
import {
  countRoute,
  ROUTE_COMPARED,
  ROUTE_DIGEST_MISMATCH,
  ROUTE_NOISE_COMPARED,
  ROUTE_NOISE_MISMATCH,
  ROUTE_STATUS_MISMATCH,
} from './routes';
import { Copy, rootOf } from './state';

/** Keeps found ids until the other answer is in; nothing if there are none or no memory. */
export function keepIds(c: Copy, o: Out, production: bool): void {
  if (o.failed || o.len == 0) return;
  const p = take(o.len);
  if (p == 0) return;
  memory.copy(p, o.ptr, o.len);
  if (production) {
    c.prodIds = p;
    c.prodIdsLen = o.len;
  } else {
    c.shadowIds = p;
    c.shadowIdsLen = o.len;
  }
}

/** The counterpart at the same place; its address in the list, or 0. */
function counterpart(list: usize, size: u32, place: u32): usize {
  for (let at: u32 = 0; at + 8 <= size; at += 8 + load<u32>(list + at, 4)) {
    if (<u32>load<u16>(list + at) == place) return list + at;
  }
  return 0;
}

/** Pairs production's ids with the shadow's; those without counterpart are noted as unknown, so that copies with them are not sent. */
export function teach(c: Copy): void {
  if (c.prodIds == 0) return;
  const r = rootOf(c);
  let pairsLearned: i64 = 0;
  for (let at: u32 = 0; at + 8 <= c.prodIdsLen; at += 8 + load<u32>(c.prodIds + at, 4)) {
    const mine = c.prodIds + at;
    const everywhere = load<u16>(mine, 2) == 1;
    const theirs: usize = c.shadowIds == 0 ? <usize>0 : counterpart(c.shadowIds, c.shadowIdsLen, load<u16>(mine));
    if (theirs == 0) expect(r, c.scope, mine + 8, load<u32>(mine, 4), everywhere);
    else if (learn(r, c.scope, mine + 8, load<u32>(mine, 4), everywhere, theirs + 8, load<u32>(theirs, 4)))
      pairsLearned++;
  }
  if (pairsLearned != 0) add(metrics.LEARNED, pairsLearned);
}

/** Called whenever one more answer is in or can no longer come; compares and ends the copy once nothing is awaited. */
export function settle(c: Copy): void {
  const prodOver = c.prodDone || c.prodBroken;
  const shadowOver = c.shadowDone || c.shadowFailed;
  if (!prodOver || !shadowOver || c.second != 0) return;
  if (c.prodDone && c.shadowDone) {
    count(metrics.COMPARED);
    countRoute(c.route, ROUTE_COMPARED);
    if (c.prodStatus != c.shadowStatus) {
      count(metrics.STATUS_MISMATCH);
      countRoute(c.route, ROUTE_STATUS_MISMATCH);
    } else if (c.prodDigest != 0 && c.shadowDigest != 0) {
      count(metrics.DIGEST_COMPARED);
      if (c.prodDigest != c.shadowDigest) {
        count(metrics.DIGEST_MISMATCH);
        countRoute(c.route, ROUTE_DIGEST_MISMATCH);
      }
    }
    record(metrics.PRODUCTION_MS, c.prodNs / 1000000);
    record(metrics.SHADOW_MS, c.shadowNs / 1000000);
  } else count(metrics.UNCOMPARED);
  if (c.secondDone && c.shadowDone) {
    count(metrics.NOISE_COMPARED);
    countRoute(c.route, ROUTE_NOISE_COMPARED);
    const status = c.shadowStatus != c.secondStatus;
    if (status) count(metrics.NOISE_STATUS_MISMATCH);
    if (status || (c.shadowDigest != 0 && c.secondDigest != 0 && c.shadowDigest != c.secondDigest)) {
      if (!status) count(metrics.NOISE_DIGEST_MISMATCH);
      countRoute(c.route, ROUTE_NOISE_MISMATCH);
    }
  }
  release(c);
}
