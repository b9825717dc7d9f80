import { is } from '../abi/text';
import { Out, putString } from '../lib/out';

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

/** -1 for an unknown name. */
export function kindOf(p: usize, len: u32): i32 {
  if (is(p, len, 'number-jitter')) return JITTER;
  if (is(p, len, 'boundary')) return BOUNDARY;
  if (is(p, len, 'string-edit')) return STRING_EDIT;
  if (is(p, len, 'drop')) return DROP;
  if (is(p, len, 'duplicate')) return DUPLICATE;
  if (is(p, len, 'swap')) return SWAP;
  if (is(p, len, 'type-change')) return TYPE_CHANGE;
  if (is(p, len, 'null')) return TO_NULL;
  return -1;
}

export function putKind(o: Out, kind: u32): void {
  if (kind == JITTER) putString(o, 'number-jitter');
  else if (kind == BOUNDARY) putString(o, 'boundary');
  else if (kind == STRING_EDIT) putString(o, 'string-edit');
  else if (kind == DROP) putString(o, 'drop');
  else if (kind == DUPLICATE) putString(o, 'duplicate');
  else if (kind == SWAP) putString(o, 'swap');
  else if (kind == TYPE_CHANGE) putString(o, 'type-change');
  else if (kind == TO_NULL) putString(o, 'null');
  else putString(o, 'raw');
}
