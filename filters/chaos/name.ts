import { ascii } from '../abi/text';
import { Out, output, put, putByte, putString, putU64 } from '../lib/out';
import { KINDS, putKind } from './kinds';
import { BODY, editsOf, faultOf, Hit, HEADERS, hitAt, kindsOf, QUERY, Stream } from './state';
import { logLine } from './tell';

export const FAULT_HEADER = ascii('x-umbra-fault');

/** `;ops=drop+swap:2`: which kinds of operation, and how many in all. */
function putOps(o: Out, h: Hit, part: u32, label: string): void {
  const edits = editsOf(h, part);
  if (edits == 0) return;
  putString(o, label);
  const kinds = kindsOf(h, part);
  let first = true;
  for (let k: u32 = 0; k < KINDS; k++) {
    if ((kinds & (1 << k)) == 0) continue;
    if (!first) putByte(o, 43);
    first = false;
    putKind(o, k);
  }
  putByte(o, 58);
  putU64(o, edits);
}

function putNames(o: Out, s: Stream): void {
  for (let i: u32 = 0; i < s.hits; i++) {
    const h = hitAt(s, i);
    const f = faultOf(h);
    if (i > 0) putString(o, ', ');
    put(o, f.id, f.idLen);
    putString(o, ';seed=');
    putU64(o, f.seed);
    putString(o, ';n=');
    putU64(o, h.number);
    if (h.delayMs > 0) {
      putString(o, ';delay=');
      putU64(o, h.delayMs);
    }
    putOps(o, h, BODY, ';ops=');
    putOps(o, h, QUERY, ';query=');
    putOps(o, h, HEADERS, ';headers=');
  }
}

/**
 * What was done, so that it can be replayed: `id;seed=7;n=3;delay=52;ops=drop+swap:2;query=null:1;headers=drop:1`, one per
 * fault, joined by commas. Failed if there is no memory.
 */
export function nameFaults(s: Stream): Out {
  const o = output(160);
  putNames(o, s);
  return o;
}

/** The same to the log, at the stream's end: a reset or an answer that never came has no header to be named in. */
export function logFaults(s: Stream): void {
  const o = output(192);
  putString(o, 'umbra chaos: ');
  putNames(o, s);
  if (!o.failed) logLine(o.ptr, o.len);
}
