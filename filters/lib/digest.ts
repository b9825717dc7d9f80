// The structure of a JSON document as one number: which fields it has and of what kind their values are, not what they hold.
// Independent of the order of fields; a list counts as the set of its entries' structures, so its length does not matter.
import * as json from './json';
import { mix } from './random';

const DEPTH: u32 = 256;

@unmanaged
class Level {
  sum: u64;
  /** Smallest and largest structure of a list's entries: enough to tell sets apart without keeping them. */
  least: u64;
  most: u64;
  key: u64;
  object: bool;
}

// Behind all else that is in memory: code that names what lies below 8 KiB is shorter.
@lazy
const levels: usize = memory.data(10240, 8);

@inline
function at(i: u32): Level {
  return changetype<Level>(levels + <usize>i * offsetof<Level>());
}

function hashBytes(p: usize, end: usize): u64 {
  let h: u64 = 0xcbf29ce484222325;
  for (; p < end; p++) h = (h ^ load<u8>(p)) * 0x100000001b3;
  return mix(h);
}

/** 0 if the bytes are no JSON or are nested deeper than 256. */
export function digestJson(p: usize, len: u32): u64 {
  json.open(p, len);
  let depth: u32 = 0;
  let result: u64 = 0;
  while (true) {
    const t = json.next();
    if (t == json.END) return result | 1;
    if (t == json.ERROR) return 0;
    if (t == json.KEY) {
      at(depth - 1).key = hashBytes(json.start + 1, json.stop - 1);
      continue;
    }
    if (t == json.OBJECT || t == json.ARRAY) {
      if (depth == DEPTH) return 0;
      const l = at(depth++);
      l.sum = 0;
      l.least = u64.MAX_VALUE;
      l.most = 0;
      l.object = t == json.OBJECT;
      continue;
    }
    let shape: u64;
    if (t == json.OBJECT_END) shape = mix(at(--depth).sum ^ 0x6f626a);
    else if (t == json.ARRAY_END) {
      const l = at(--depth);
      shape = mix(l.least ^ rotl<u64>(l.most, 17) ^ 0x617272);
    } else shape = mix(t == json.FALSE ? json.TRUE : t);
    if (depth == 0) {
      result = shape;
      continue;
    }
    const l = at(depth - 1);
    if (l.object) l.sum += mix(l.key ^ rotl<u64>(shape, 7));
    else {
      if (shape < l.least) l.least = shape;
      if (shape > l.most) l.most = shape;
    }
  }
}
