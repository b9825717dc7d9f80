// The filter of docs/new-filter.md: says in `x-tier` whether a request is of the canary, by its `x-canary`.
import '../abi/abort';
import { enter, leave, temp } from '../abi/arena';
import { header, len, ptr } from '../abi/call';
import { addHeader } from '../abi/host';
import { ascii, is } from '../abi/text';
import { CONTINUE, REQUEST_HEADERS } from '../abi/types';

const X_CANARY = ascii('x-canary');
const X_TIER = ascii('x-tier');
const CANARY = ascii('canary');
const STABLE = ascii('stable');

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return temp(size);
}

export function proxy_on_request_headers(_id: u32, _count: u32, _end: u32): i32 {
  enter();
  const tier = header(REQUEST_HEADERS, X_CANARY) && is(ptr, len, 'yes') ? CANARY : STABLE;
  addHeader(REQUEST_HEADERS, X_TIER.ptr, X_TIER.len, tier.ptr, tier.len);
  leave();
  return CONTINUE;
}
