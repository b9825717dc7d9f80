// Places in a JSON document, written `$.order.id` or `$.items[*].id`, found while the document is read.
import { same } from '../abi/text';
import * as json from './json';

/** Deeper places are not found. */
const DEPTH: u32 = 16;
/** What is being read in each open container: (u32 address, u32 length) of a field's name, address 0 in a list. */
const within: usize = memory.data(128, 8);

/** Whether a text is a place: `$` and behind it `.name` or `[*]`, at least one. */
export function isPlace(p: usize, len: u32): bool {
  if (len < 3 || load<u8>(p) != 36) return false;
  let i: u32 = 1;
  while (i < len) {
    const c = load<u8>(p + i);
    if (c == 46) {
      const from = ++i;
      while (i < len && load<u8>(p + i) != 46 && load<u8>(p + i) != 91) i++;
      if (i == from) return false;
    } else if (c == 91 && i + 2 < len && load<u8>(p + i + 1) == 42 && load<u8>(p + i + 2) == 93) i += 3;
    else return false;
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

/** Whether a value inside `depth` containers stands at a place. */
export function isAt(place: usize, len: u32, depth: u32): bool {
  if (depth > DEPTH) return false;
  let i: u32 = 1;
  let level: u32 = 0;
  while (i < len) {
    if (level == depth) return false;
    const at = within + ((<usize>level) << 3);
    level++;
    const key: usize = load<u32>(at);
    if (load<u8>(place + i) == 91) {
      if (key != 0) return false;
      i += 3;
      continue;
    }
    let j = ++i;
    while (j < len && load<u8>(place + j) != 46 && load<u8>(place + j) != 91) j++;
    if (key == 0 || !same(key, load<u32>(at, 4), place + i, j - i)) return false;
    i = j;
  }
  return level == depth;
}
