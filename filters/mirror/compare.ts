// Both answers of one request: what they say of how well the shadow follows, and which ids they teach.
import { take } from '../abi/heap';
import { record, tally, tallyMany } from '../lib/metrics';
import { Out } from '../lib/out';
import { release } from './copies';
import { learn } from './ids';
import * as metrics from './metrics';
import { tallyRoute } from './routes';
import { Answer, answerOf, Copy, PRODUCTION, rootOf, SECOND, SHADOW } from './state';

/** Keeps found ids until the other answer is in; nothing if there are none or no memory. */
export function keepIds(a: Answer, o: Out): void {
  if (o.failed || o.len == 0) return;
  const p = take(o.len);
  if (p == 0) return;
  memory.copy(p, o.ptr, o.len);
  a.ids = p;
  a.idsLen = o.len;
}

/** The id at the same place in another answer; its address in the list, or 0. */
function counterpart(a: Answer, place: u32): usize {
  if (a.ids == 0) return 0;
  const end = a.ids + a.idsLen;
  for (let p = a.ids; p < end; p += 8 + load<u32>(p, 4)) if (<u32>load<u16>(p) == place) return p;
  return 0;
}

/** Pairs production's ids with the shadow's; those without counterpart are noted as unknown, so that copies with them are not sent. */
export function teach(c: Copy): void {
  const mine = answerOf(c, PRODUCTION);
  if (mine.ids == 0) return;
  const end = mine.ids + mine.idsLen;
  let learned: i32 = 0;
  for (let p = mine.ids; p < end; p += 8 + load<u32>(p, 4)) {
    const theirs = counterpart(answerOf(c, SHADOW), load<u16>(p));
    const size: u32 = theirs == 0 ? 0 : load<u32>(theirs, 4);
    if (learn(rootOf(c), c.scope, p + 8, load<u32>(p, 4), load<u16>(p, 2) == 1, theirs + 8, size)) learned++;
  }
  tallyMany(metrics.LEARNED, learned);
}

/** Counts for all requests and for the copy's route. */
function count(c: Copy, metric: u32): void {
  tally(metric);
  tallyRoute(c.route, metric);
}

/** Counts how two answers compare; the metrics follow each other from `metric` on. */
function compare(c: Copy, a: Answer, b: Answer, metric: u32): void {
  count(c, metric);
  if (a.status != b.status) count(c, metric + 1);
  else if (a.digest != 0 && b.digest != 0) {
    count(c, metric + 2);
    if (a.digest != b.digest) count(c, metric + 3);
  }
}

/** Called whenever one more answer is in or can no longer come; compares and ends the copy once nothing is awaited. */
export function settle(c: Copy): void {
  const mine = answerOf(c, PRODUCTION);
  const theirs = answerOf(c, SHADOW);
  const again = answerOf(c, SECOND);
  if (!(mine.done || mine.failed) || !(theirs.done || theirs.failed) || c.second != 0) return;
  if (mine.done && theirs.done) {
    compare(c, mine, theirs, metrics.COMPARED);
    if (c.timed) {
      record(metrics.PRODUCTION_MS, mine.ns / 1000000);
      record(metrics.SHADOW_MS, theirs.ns / 1000000);
    }
  } else tally(metrics.UNCOMPARED);
  if (again.done && theirs.done) compare(c, theirs, again, metrics.NOISE_COMPARED);
  release(c);
}
