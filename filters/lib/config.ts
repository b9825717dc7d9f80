// A configuration's JSON as a tree in its root's region, and readers that remember the first field that is wrong.
import { alloc, Region } from '../abi/region';
import { is, Text } from '../abi/text';
import * as json from './json';
import { parseNumber } from './number';

@unmanaged
export class Node {
  kind: i32;
  /** Strings: the unescaped bytes. */
  ptr: usize;
  len: u32;
  value: f64;
  key: usize;
  keyLen: u32;
  parent: usize;
  child: usize;
  last: usize;
  next: usize;
  /** Children. */
  count: u32;
}

/** What is wrong: the field's name, empty = nothing. */
export let wrong: string = '';

export function refuse(field: string): void {
  if (wrong.length == 0) wrong = field;
}

function hex4(p: usize): u32 {
  let v: u32 = 0;
  for (let i = 0; i < 4; i++) {
    const c: u32 = load<u8>(p + i);
    v = (v << 4) | (c < 58 ? c - 48 : (c | 32) - 87);
  }
  return v;
}

/** Unescapes the inside of a JSON string to `to`, which has room for as many bytes; returns the length. */
export function unescape(p: usize, end: usize, to: usize): u32 {
  const begin = to;
  while (p < end) {
    let c: u32 = load<u8>(p++);
    if (c != 92) {
      store<u8>(to++, c);
      continue;
    }
    c = load<u8>(p++);
    if (c == 117) {
      let u = hex4(p);
      p += 4;
      if (u - 0xd800 < 0x400 && p + 6 <= end && load<u16>(p) == 0x755c) {
        const low = hex4(p + 2);
        if (low - 0xdc00 < 0x400) {
          u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
          p += 6;
        }
      }
      if (u < 0x80) store<u8>(to++, u);
      else if (u < 0x800) {
        store<u8>(to++, 0xc0 | (u >> 6));
        store<u8>(to++, 0x80 | (u & 63));
      } else if (u < 0x10000) {
        store<u8>(to++, 0xe0 | (u >> 12));
        store<u8>(to++, 0x80 | ((u >> 6) & 63));
        store<u8>(to++, 0x80 | (u & 63));
      } else {
        store<u8>(to++, 0xf0 | (u >> 18));
        store<u8>(to++, 0x80 | ((u >> 12) & 63));
        store<u8>(to++, 0x80 | ((u >> 6) & 63));
        store<u8>(to++, 0x80 | (u & 63));
      }
      continue;
    }
    // b f n r t; the rest stand for themselves
    if (c == 98) c = 8;
    else if (c == 102) c = 12;
    else if (c == 110) c = 10;
    else if (c == 114) c = 13;
    else if (c == 116) c = 9;
    store<u8>(to++, c);
  }
  return <u32>(to - begin);
}

/** The tree of a document, or null if it is not JSON or there is no memory. */
export function parseTree(r: Region, ptr: usize, len: u32): Node | null {
  json.open(ptr, len);
  wrong = '';
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
    if (t == json.KEY || t == json.STRING) {
      const bytes = alloc(r, json.stop - json.start);
      if (bytes == 0) return null;
      const n = unescape(json.start + 1, json.stop - 1, bytes);
      if (t == json.KEY) {
        key = bytes;
        keyLen = n;
        continue;
      }
      const s = addNode(r, t, parent, key, keyLen);
      if (s == 0) return null;
      changetype<Node>(s).ptr = bytes;
      changetype<Node>(s).len = n;
      if (root == 0) root = s;
      continue;
    }
    const n = addNode(r, t, parent, key, keyLen);
    if (n == 0) return null;
    if (root == 0) root = n;
    if (t == json.NUMBER) changetype<Node>(n).value = parseNumber(json.start, <u32>(json.stop - json.start));
    else if (t == json.OBJECT || t == json.ARRAY) parent = n;
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

/** A field of an object, or null. `from` may be null. */
export function field(from: Node | null, name: string): Node | null {
  if (from === null) return null;
  for (let c = from.child; c != 0; c = changetype<Node>(c).next) {
    const n = changetype<Node>(c);
    if (is(n.key, n.keyLen, name)) return n;
  }
  return null;
}

/** Refuses an object with a field that is not among the blank-separated `names`, and anything that is no object. */
export function only(n: Node, names: string): void {
  if (n.kind != json.OBJECT) {
    refuse('not an object');
    return;
  }
  for (let c = n.child; c != 0; c = changetype<Node>(c).next) {
    if (!among(changetype<Node>(c), names)) refuse('unknown field');
  }
}

function among(n: Node, names: string): bool {
  const total = names.length;
  let i = 0;
  while (i < total) {
    let j = i;
    while (j < total && names.charCodeAt(j) != 32) j++;
    if (<u32>(j - i) == n.keyLen) {
      let k = 0;
      while (k < j - i && <i32>load<u8>(n.key + k) == names.charCodeAt(i + k)) k++;
      if (k == j - i) return true;
    }
    i = j + 1;
  }
  return false;
}

/** A sub-object, or null if absent; refuses other kinds. */
export function objectField(from: Node, name: string, names: string): Node | null {
  const n = field(from, name);
  if (n === null) return null;
  if (n.kind != json.OBJECT) {
    refuse(name);
    return null;
  }
  only(n, names);
  return n;
}

/** A list's first entry, or null; refuses other kinds. `n.next` goes on. */
export function listField(from: Node | null, name: string): Node | null {
  const n = field(from, name);
  if (n === null) return null;
  if (n.kind != json.ARRAY) {
    refuse(name);
    return null;
  }
  return n;
}

export function numberField(from: Node | null, name: string, absent: f64, min: f64, max: f64): f64 {
  const n = field(from, name);
  if (n === null) return absent;
  if (n.kind != json.NUMBER || !(n.value >= min && n.value <= max)) {
    refuse(name);
    return absent;
  }
  return n.value;
}

/** The same for a whole number. */
export function integerField(from: Node | null, name: string, absent: f64, min: f64, max: f64): f64 {
  const value = numberField(from, name, absent, min, max);
  if (value != floor(value)) refuse(name);
  return value;
}

export function boolField(from: Node | null, name: string, absent: bool): bool {
  const n = field(from, name);
  if (n === null) return absent;
  if (n.kind != json.TRUE && n.kind != json.FALSE) {
    refuse(name);
    return absent;
  }
  return n.kind == json.TRUE;
}

/** A string's bytes into `to`; false if absent. */
export function textField(from: Node | null, name: string, to: Text): bool {
  const n = field(from, name);
  if (n === null) return false;
  if (n.kind != json.STRING) {
    refuse(name);
    return false;
  }
  to.ptr = n.ptr;
  to.len = n.len;
  return true;
}

/** A list of strings as an array of Text in the region; the count goes to `countOut`. Refuses other entries and empty strings. */
export function textList(r: Region, from: Node | null, name: string, countOut: usize): usize {
  store<u32>(countOut, 0);
  const list = listField(from, name);
  if (list === null || list.count == 0) return 0;
  const array = alloc(r, list.count * offsetof<Text>());
  if (array == 0) {
    refuse(name);
    return 0;
  }
  let i: u32 = 0;
  for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
    const n = changetype<Node>(c);
    if (n.kind != json.STRING || n.len == 0) {
      refuse(name);
      return 0;
    }
    const t = changetype<Text>(array + i * offsetof<Text>());
    t.ptr = n.ptr;
    t.len = n.len;
    i++;
  }
  store<u32>(countOut, i);
  return array;
}
