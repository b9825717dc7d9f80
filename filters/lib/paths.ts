// Places in a JSON document, written `$.order.id` or `$.items[*].id`, found while the document is read.
import { same, seek } from '../abi/text';
import * as json from './json';

/** How deep places may be. */
const DEPTH: u32 = 16;
/** What is being read in each open container: (u32 address, u32 length) of a field's name, address 0 in a list. */
const within: usize = memory.data(128, 8);

/**
 * Prepares a place, in the bytes it is written in: the dot before a name becomes the name's length, a list's bracket a zero.
 * @returns false if it is none: `$` and behind it `.name` or `[*]`, at least one and at most as many as are followed
 */
export function preparePlace(p: usize, len: u32): bool {
  const end = p + len;
  let parts: u32 = 0;
  if (len < 3 || load<u8>(p++) != 36) return false;
  while (p < end) {
    if (++parts > DEPTH) return false;
    const c = load<u8>(p);
    let size: u32 = 0;
    if (c == 46) {
      size = <u32>(seek(p + 1, seek(p + 1, end, 46), 91) - p - 1);
      if (size == 0) return false;
    } else if (c != 91 || p + 3 > end || load<u8>(p + 1) != 42 || load<u8>(p + 2) != 93) return false;
    store<u8>(p, size);
    p += size == 0 ? 3 : size + 1;
  }
  return true;
}

/** Takes note of a token that the reader has just given; every one of a document. */
export function follow(token: i32): void {
  const level = json.depth - 1;
  if (level >= DEPTH) return;
  const at = within + ((<usize>level) << 3);
  if (token == json.ARRAY) store<u64>(at, 0);
  else if (token == json.KEY) {
    store<u32>(at, <u32>(json.start + 1));
    store<u32>(at, <u32>(json.stop - json.start - 2), 4);
  }
}

/** Whether a value inside `depth` containers stands at a prepared place. */
export function isAt(place: usize, len: u32, depth: u32): bool {
  if (depth > DEPTH) return false;
  const end = place + len;
  let p = place + 1;
  let at = within;
  for (; p < end && depth != 0; depth--, at += 8) {
    const size: u32 = load<u8>(p);
    const key: usize = load<u32>(at);
    if (size == 0 ? key != 0 : key == 0 || !same(key, load<u32>(at, 4), p + 1, size)) return false;
    p += size == 0 ? 3 : size + 1;
  }
  return p == end && depth == 0;
}
