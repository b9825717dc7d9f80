// The host calls with their out-parameters taken care of. Results that are a span of bytes are left in `ptr` and `len` until
// the next call; the bytes themselves live until the callback returns.
import { clockTimeGet, getBufferBytes, getCurrentTime, getHeader, getHeaders, log } from './host';
import { bytesOf, sizeOf, Text } from './text';
import { OK } from './types';

const out: usize = memory.data(16, 8);

export let ptr: usize = 0;
export let len: u32 = 0;

/** Takes the span that a host call has left in `out`; false if it failed. */
function took(status: u32): bool {
  if (status != OK) return false;
  ptr = load<u32>(out);
  len = load<u32>(out, 4);
  return true;
}

/** A header's first value; false if absent. */
export function headerAt(map: u32, name: usize, nameLen: u32): bool {
  return took(getHeader(map, name, nameLen, out, out + 4));
}

@inline
export function header(map: u32, name: Text): bool {
  return headerAt(map, name.ptr, name.len);
}

@inline
export function headerNamed(map: u32, name: string): bool {
  return headerAt(map, bytesOf(name), sizeOf(name));
}

/** All pairs of a map, as a block for `pairs.ts`; false if there is no such map or it has none. */
export function headers(map: u32): bool {
  return took(getHeaders(map, out, out + 4)) && len >= 4;
}

/** Part of a buffer; false if there is none or it is empty. */
export function bytes(buffer: u32, start: u32, length: u32): bool {
  return length != 0 && took(getBufferBytes(buffer, start, length, out, out + 4)) && ptr != 0 && len != 0;
}

/** Unix time, ns. */
export function wallNs(): u64 {
  store<u64>(out, 0);
  getCurrentTime(out);
  return load<u64>(out);
}

/** Monotonic time, ns. */
export function monotonicNs(): u64 {
  store<u64>(out, 0);
  clockTimeGet(1, 0, out);
  return load<u64>(out);
}

export function logBytes(level: u32, p: usize, n: u32): void {
  log(level, p, n);
}
