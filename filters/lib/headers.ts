import { temp } from '../abi/arena';
import { bytesOf, sizeOf, Text } from '../abi/text';
import { Out, output, put } from './out';

/** A header block being written; the ABI wants all sizes before all bytes. */
@unmanaged
export class HeadersOut {
  sizes: usize;
  data: usize;
  count: u32;
}

export function newHeaders(): HeadersOut | null {
  const p = temp(offsetof<HeadersOut>());
  if (p == 0) return null;
  const h = changetype<HeadersOut>(p);
  const sizes = output(512);
  const data = output(2048);
  h.sizes = changetype<usize>(sizes);
  h.data = changetype<usize>(data);
  h.count = 0;
  return h;
}

const word: usize = memory.data(8, 8);

export function addPair(h: HeadersOut, name: usize, nameLen: u32, value: usize, valueLen: u32): void {
  const sizes = changetype<Out>(h.sizes);
  const data = changetype<Out>(h.data);
  store<u32>(word, nameLen);
  store<u32>(word, valueLen, 4);
  put(sizes, word, 8);
  put(data, name, nameLen);
  putZero(data);
  put(data, value, valueLen);
  putZero(data);
  h.count++;
}

function putZero(o: Out): void {
  store<u32>(word, 0);
  put(o, word, 1);
}

@inline
export function addNamed(h: HeadersOut, name: string, value: usize, valueLen: u32): void {
  addPair(h, bytesOf(name), sizeOf(name), value, valueLen);
}

export function addTexts(h: HeadersOut, name: Text, value: usize, valueLen: u32): void {
  addPair(h, name.ptr, name.len, value, valueLen);
}

/** The whole block, or null if memory ran out on the way. No pairs make an empty block. */
export function finishHeaders(h: HeadersOut): Out | null {
  const sizes = changetype<Out>(h.sizes);
  const data = changetype<Out>(h.data);
  if (sizes.failed || data.failed) return null;
  const o = output(4 + sizes.len + data.len);
  if (o.failed) return null;
  if (h.count == 0) return o;
  store<u32>(word, h.count);
  put(o, word, 4);
  put(o, sizes.ptr, sizes.len);
  put(o, data.ptr, data.len);
  return o;
}
