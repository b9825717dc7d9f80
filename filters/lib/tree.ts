// A JSON document as a tree in a region: for configurations, which are read once and by name.
import { alloc, Region } from '../abi/region';
import { is } from '../abi/text';
import { unescape } from './escape';
import * as json from './json';
import { parseNumber } from './number';

@unmanaged
export class Node {
  kind: i32;
  /** Strings: the unescaped bytes. */
  ptr: usize;
  len: u32;
  /** A reader has asked for it by its name. */
  known: bool;
  value: f64;
  /** 0 = not an object's field. */
  key: usize;
  keyLen: u32;
  parent: usize;
  child: usize;
  last: usize;
  next: usize;
  /** Children. */
  count: u32;
}

/** The tree of a document, or null if it is not JSON or there is no memory. */
export function parseTree(r: Region, ptr: usize, len: u32): Node | null {
  json.open(ptr, len);
  let root: usize = 0;
  let parent: usize = 0;
  let key: usize = 0;
  let keyLen: u32 = 0;
  while (true) {
    const t = json.next();
    if (t == json.END) return root == 0 ? null : changetype<Node>(root);
    if (t == json.ERROR) return null;
    if (t == json.OBJECT_END || t == json.ARRAY_END) {
      parent = changetype<Node>(parent).parent;
      continue;
    }
    let bytes: usize = 0;
    let size: u32 = 0;
    if (t == json.KEY || t == json.STRING) {
      bytes = alloc(r, json.stop - json.start);
      if (bytes == 0) return null;
      size = unescape(json.start + 1, json.stop - 1, bytes);
      if (t == json.KEY) {
        key = bytes;
        keyLen = size;
        continue;
      }
    }
    const p = addNode(r, t, parent, key, keyLen);
    if (p == 0) return null;
    if (root == 0) root = p;
    const n = changetype<Node>(p);
    n.ptr = bytes;
    n.len = size;
    if (t == json.NUMBER) n.value = parseNumber(json.start, <u32>(json.stop - json.start));
    else if (t == json.OBJECT || t == json.ARRAY) parent = p;
  }
}

function addNode(r: Region, kind: i32, parent: usize, key: usize, keyLen: u32): usize {
  const p = alloc(r, offsetof<Node>());
  if (p == 0) return 0;
  memory.fill(p, 0, offsetof<Node>());
  const n = changetype<Node>(p);
  n.kind = kind;
  n.parent = parent;
  if (parent != 0) {
    const up = changetype<Node>(parent);
    if (up.kind == json.OBJECT) {
      n.key = key;
      n.keyLen = keyLen;
    }
    if (up.last == 0) up.child = p;
    else changetype<Node>(up.last).next = p;
    up.last = p;
    up.count++;
  }
  return p;
}

/** A field of an object, known from now on; null if it is absent. `from` may be null. */
export function field(from: Node | null, name: string): Node | null {
  if (from === null) return null;
  for (let c = from.child; c != 0; c = changetype<Node>(c).next) {
    const n = changetype<Node>(c);
    if (!is(n.key, n.keyLen, name)) continue;
    n.known = true;
    return n;
  }
  return null;
}

/** The first field of an object, at any depth, that nobody has asked for: a name that means nothing, or one given twice. */
export function unknownField(from: Node): Node | null {
  for (let c = from.child; c != 0; c = changetype<Node>(c).next) {
    const n = changetype<Node>(c);
    if (n.key != 0 && !n.known) return n;
    const inner = unknownField(n);
    if (inner !== null) return inner;
  }
  return null;
}
