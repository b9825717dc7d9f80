// Which faults hit a new request, and what they together mean for it.
import { giveRecord, takeRecord } from '../abi/slab';
import { put } from '../abi/table';
import { monotonic, wall } from './clock';
import { drawDelay, MOST_DELAY } from './delay';
import { drawn, fits, isOver, openMatch } from './match';
import * as metrics from './metrics';
import * as state from './state';
import { addHit, faultAt, faultOf, hitAt, Root, Stream, slab, streams } from './state';
import { limit } from './truncate';
import { count } from './tell';

function newStream(r: Root, id: u32): Stream | null {
  const record = takeRecord(slab);
  if (record == 0) return null;
  if (!put(streams, id, record)) {
    giveRecord(slab, record);
    return null;
  }
  const s = changetype<Stream>(record);
  s.id = id;
  s.root = changetype<usize>(r);
  s.requestLeft = -1;
  s.responseLeft = -1;
  return s;
}

/** Draws which faults hit a request; its record with all they mean for it, or null if none does. */
export function hit(r: Root, id: u32): Stream | null {
  let s: Stream | null = null;
  openMatch();
  for (let i: u32 = 0; i < r.count; i++) {
    const f = faultAt(r, i);
    if (isOver(f, wall(), monotonic()) || !fits(f)) continue;
    const n = f.requests++;
    if (!drawn(f, n)) continue;
    if (f.maxActive != 0 && f.active >= f.maxActive) {
      count(metrics.OVER_MAX_ACTIVE);
      continue;
    }
    if (s === null) s = newStream(r, id);
    if (s === null) return null;
    addHit(s, f, n);
    if (s.hits == state.MAX_HITS) break;
  }
  if (s !== null) settle(s);
  return s;
}

/** Delays add up; the first end, the shortest truncation and any stall count. */
function settle(s: Stream): void {
  let delay: f64 = 0;
  for (let i: u32 = 0; i < s.hits; i++) {
    const h = hitAt(s, i);
    const f = faultOf(h);
    const own = drawDelay(f, h.number);
    h.delayMs = <u32>nearest(own);
    delay += own;
    if (s.end == 0 && f.end != 0) {
      s.end = f.end;
      s.status = f.status;
    }
    if (f.stall == state.ON_REQUEST) s.stalls = true;
    limit(s, f);
  }
  s.delayMs = <u32>nearest(delay > MOST_DELAY ? MOST_DELAY : delay);
}
