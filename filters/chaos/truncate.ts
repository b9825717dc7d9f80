// Truncation: how many bytes of each body are still let through. The declared length is taken away, so that the shorter body is
// a whole message for whoever gets it.
import { bytes, len, ptr } from '../abi/call';
import { removeHeader, setBufferBytes } from '../abi/host';
import { ascii } from '../abi/text';
import * as metrics from './metrics';
import { isDone } from './over';
import { bufferOf, faultOf, hitAt, mapOf, ON_REQUEST, Stream } from './state';
import { count } from './tell';

const CONTENT_LENGTH = ascii('content-length');

/** What is left of a body that is not cut, and of one that has been. */
const ALL: i32 = -1;
const CUT: i32 = -2;

@inline
function left(s: Stream, on: u32): i32 {
  return on == ON_REQUEST ? s.requestLeft : s.responseLeft;
}

function setLeft(s: Stream, on: u32, n: i32): void {
  if (on == ON_REQUEST) s.requestLeft = n;
  else s.responseLeft = n;
}

/** The headers of a body have come: notes how much of it may pass - the shortest truncation counts - and takes its length away. */
export function limit(s: Stream, on: u32): void {
  for (let i: u32 = 0; i < s.hits; i++) {
    const f = faultOf(hitAt(s, i));
    if (f.truncateOn != on || isDone(f)) continue;
    const before = left(s, on);
    if (before == ALL || <i32>f.truncateTo < before) setLeft(s, on, f.truncateTo);
  }
  if (left(s, on) == ALL) return;
  removeHeader(mapOf(on), CONTENT_LENGTH.ptr, CONTENT_LENGTH.len);
  s.sized = false;
}

/** Cuts what is beyond the bytes still let through from a body's buffer that holds `size` bytes. */
export function cut(s: Stream, on: u32, size: u32): void {
  const keep = left(s, on);
  if (keep == ALL || size == 0) return;
  if (keep >= 0 && size <= <u32>keep) {
    setLeft(s, on, keep - size);
    return;
  }
  if (keep != CUT) {
    count(metrics.INJECTED_TRUNCATE);
    setLeft(s, on, CUT);
  }
  const buffer = bufferOf(on);
  if (keep > 0 && bytes(buffer, 0, keep)) setBufferBytes(buffer, 0, size, ptr, len);
  else setBufferBytes(buffer, 0, size, 0, 0);
}
