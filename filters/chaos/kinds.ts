import { Out, put } from '../lib/out';

// Kinds of mutation; their order is that of the counters in metrics.ts.
export const JITTER: u32 = 0;
export const BOUNDARY: u32 = 1;
export const STRING_EDIT: u32 = 2;
export const DROP: u32 = 3;
export const DUPLICATE: u32 = 4;
export const SWAP: u32 = 5;
export const TYPE_CHANGE: u32 = 6;
export const TO_NULL: u32 = 7;
export const RAW: u32 = 8;
export const KINDS: u32 = 9;
/** All that a configuration may name. */
export const ALL: u32 = 0xff;

/** Their names, in their order. */
export const KIND_NAMES = words`number-jitter boundary string-edit drop duplicate swap type-change null raw`;

export function putKind(o: Out, kind: u32): void {
  let word = changetype<usize>(KIND_NAMES);
  for (; kind > 0; kind--) word += load<u8>(word) + 1;
  put(o, word + 1, load<u8>(word));
}
