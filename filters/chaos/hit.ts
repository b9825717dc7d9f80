// Which faults hit a new request, and what they together mean for it.
import { giveRecord, takeRecord } from '../abi/slab';
import { put } from '../abi/table';
import { drawDelay } from './delay';
import { drawn, fits, openMatch } from './match';
import * as metrics from './metrics';
import { activeOf, isOver, noteEnd } from './over';
import * as state from './state';
import { addHit, faultAt, Root, Stream, slab, streams } from './state';
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
  r.hit++;
  return s;
}

/** Draws which faults hit a request; its record with all they mean for it, or null if none does. */
export function hit(r: Root, id: u32): Stream | null {
  let s: Stream | null = null;
  openMatch();
  for (let i: u32 = 0; i < r.count; i++) {
    const f = faultAt(r, i);
    if (isOver(r, f) || !fits(f)) continue;
    const n = f.requests++;
    if (!drawn(f, n)) continue;
    if (f.maxActive != 0 && activeOf(r, f) >= f.maxActive) {
      count(metrics.OVER_MAX_ACTIVE);
      continue;
    }
    if (s === null) s = newStream(r, id);
    if (s === null) return null;
    addHit(s, f, n).delayMs = <u32>nearest(drawDelay(f, n));
    noteEnd(r, f);
    if (s.hits == state.MAX_HITS) break;
  }
  return s;
}
