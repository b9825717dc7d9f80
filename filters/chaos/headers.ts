// Which headers may be mutated, and the mutation of a map of them.
import { headers, len, ptr } from '../abi/call';
import { addHeader, removeHeader } from '../abi/host';
import { nextPair, openPairs, Pairs } from '../abi/pairs';
import { amongSorted, beginsFold, same, seek, Text } from '../abi/text';
import { Out } from '../lib/out';
import { touched } from './edits';
import { HEADER_BLOCK, mutate } from './mutate';
import { addSpot, HEADER, openSpots } from './spots';
import { Fault } from './state';

const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

const FIXED = sorted`te host expect trailer upgrade connection keep-alive content-length proxy-connection transfer-encoding`;

/** Headers that frame or route the message, and those of the mesh itself: changing them would break more than the fault means to. */
export function isFixed(name: usize, n: u32): bool {
  if (n == 0 || load<u8>(name) == 58) return true;
  if (beginsFold(name, n, 'x-umbra-') || beginsFold(name, n, 'x-envoy-')) return true;
  return amongSorted(name, n, FIXED) != 0;
}

function mayChange(f: Fault, name: usize, n: u32): bool {
  if (isFixed(name, n)) return false;
  if (f.onlyCount == 0) return true;
  for (let i: u32 = 0; i < f.onlyCount; i++) {
    const t = changetype<Text>(f.only + <usize>i * offsetof<Text>());
    if (same(name, n, t.ptr, t.len)) return true;
  }
  return false;
}

/** Mutates a map as the fault says, by the random state the caller has seeded; false if nothing could be changed. */
export function mutateHeaders(map: u32, f: Fault): bool {
  if (!headers(map) || !openSpots(ptr, len, HEADER)) return false;
  const block = ptr;
  const size = len;
  openPairs(pairs, block, size);
  const first = pairs.at;
  while (nextPair(pairs)) {
    if (!mayChange(f, pairs.name, pairs.nameLen)) continue;
    addSpot(pairs.value, pairs.value + pairs.valueLen, pairs.name);
  }
  const after = mutate(first, <u32>(pairs.at - first), HEADER_BLOCK, f.ops, f.kinds, f.raw);
  if (after === null) return false;
  openPairs(pairs, block, size);
  while (nextPair(pairs)) {
    // Every value of a name is written anew, so that those of one name keep their order.
    if (touched(pairs.name, pairs.value + pairs.valueLen + 1)) rewrite(map, pairs.name, pairs.nameLen, after);
  }
  return true;
}

/** Gives a name the values it has in a block of names and values, each followed by a NUL. */
function rewrite(map: u32, name: usize, nameLen: u32, block: Out): void {
  removeHeader(map, name, nameLen);
  const end = block.ptr + block.len;
  for (let p = block.ptr; p < end; ) {
    const value = seek(p, end, 0) + 1;
    if (value > end) return;
    const stop = seek(value, end, 0);
    if (same(p, <u32>(value - p - 1), name, nameLen)) addHeader(map, name, nameLen, value, <u32>(stop - value));
    p = stop + 1;
  }
}
