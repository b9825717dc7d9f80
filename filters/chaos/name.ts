import { ascii } from '../abi/text';
import { newOut, Out, put, putByte, putString, putU64 } from '../lib/out';
import { KINDS, putKind } from './kinds';
import { hitFault, hitNumber, Stream } from './state';

export const FAULT_HEADER = ascii('x-umbra-fault');

/** What was done, so that it can be replayed: `id;seed=7;n=3;delay=52;ops=drop+swap:2`, one per fault, joined by commas. */
export function nameFaults(s: Stream): Out | null {
  const o = newOut(160);
  if (o === null) return null;
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = hitFault(s, i);
    if (i > 0) putString(o, ', ');
    put(o, f.id, f.idLen);
    putString(o, ';seed=');
    putU64(o, f.seed);
    putString(o, ';n=');
    putU64(o, hitNumber(s, i));
    if (i == 0 && s.delayMs > 0) {
      putString(o, ';delay=');
      putU64(o, s.delayMs);
    }
    if (i == 0 && s.edits > 0) {
      putString(o, ';ops=');
      let first = true;
      for (let k: u32 = 0; k < KINDS; k++) {
        if ((s.kindsUsed & (1 << k)) == 0) continue;
        if (!first) putByte(o, 43);
        first = false;
        putKind(o, k);
      }
      putByte(o, 58);
      putU64(o, s.edits);
    }
  }
  return o;
}
