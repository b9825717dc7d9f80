// Reads a filter's configuration, and remembers the first field that is wrong. Every field must be asked for: what is left over
// is refused. A role reads all of it in any case and asks at the end whether it may be used.
import { bytes, len, logBytes, ptr } from '../abi/call';
import { alloc, newRegion, Region } from '../abi/region';
import { AnyRoot, freeConfiguration } from '../abi/roots';
import { among, bytesOf, inAlphabet, sizeOf, Text } from '../abi/text';
import { ERROR, PLUGIN_CONFIGURATION } from '../abi/types';
import * as json from './json';
import { output, put, putString } from './out';
import { field, Node, parseTree, unknownField } from './tree';

/** The largest whole number that JSON carries everywhere. */
export const MAX_SAFE: f64 = 9007199254740991;

// Alphabets of texts (see inAlphabet). A text in that of one sign begins with it, and then, as with an empty one, anything may follow.
export const ANYTHING = '';
export const PATH = '/';
export const NAME = 'aA0_-';
export const METHOD = 'A_-';
/** RFC 9110's token; names of cookies. */
export const TOKEN = "aA0!#$%&'*+.^_`|~-";
/** Names of headers as HTTP/2 and Envoy have them, pseudo-headers too. */
export const HEADER = "a0:!#$%&'*+.^_`|~-";

let wrong: usize = 0;
let wrongLen: u32 = 0;

/** Notes that a field is wrong, by its name; the first one counts. */
export function refuse(name: string): void {
  if (wrong != 0) return;
  wrong = bytesOf(name);
  wrongLen = sizeOf(name);
}

/** The configuration of the root whose callback this is, in a region of the root's; null if it is not a JSON object. */
export function openConfiguration(root: AnyRoot): Node | null {
  wrong = 0;
  const region = newRegion();
  root.region = changetype<usize>(region);
  if (region !== null && bytes(PLUGIN_CONFIGURATION, 0, 0x7fffffff)) {
    const tree = parseTree(region, ptr, len);
    if (tree !== null && tree.kind == json.OBJECT) return tree;
  }
  refuse('not a JSON object');
  return null;
}

/** Whether what was read may be used. If not, the reason is in the log and nothing of it is kept. */
export function closeConfiguration(root: AnyRoot, tree: Node | null, who: string): bool {
  if (tree !== null && wrong == 0) {
    const unknown = unknownField(tree);
    if (unknown === null) return true;
    wrong = unknown.key;
    wrongLen = unknown.keyLen;
  }
  const o = output(128);
  putString(o, who);
  putString(o, ': configuration refused: ');
  put(o, wrong, wrongLen);
  logBytes(ERROR, o.ptr, o.len);
  freeConfiguration(changetype<usize>(root));
  return false;
}

/** A field of one kind; null if it is absent or, refused, of another. */
function fieldOf(kind: i32, from: Node | null, name: string): Node | null {
  const n = field(from, name);
  if (n === null || n.kind == kind) return n;
  refuse(name);
  return null;
}

export function objectField(from: Node | null, name: string): Node | null {
  return fieldOf(json.OBJECT, from, name);
}

/** A list of at most so many entries; they are its children. */
export function listField(from: Node | null, name: string, most: u32): Node | null {
  const n = fieldOf(json.ARRAY, from, name);
  if (n !== null && n.count > most) refuse(name);
  return n;
}

export function required(from: Node | null, name: string): void {
  if (field(from, name) === null) refuse(name);
}

export function numberField(from: Node | null, name: string, absent: f64, min: f64, max: f64): f64 {
  const n = fieldOf(json.NUMBER, from, name);
  if (n === null) return absent;
  if (n.value >= min && n.value <= max) return n.value;
  refuse(name);
  return absent;
}

/** A whole number of any size, see {@link MAX_SAFE}. */
export function wholeField(from: Node | null, name: string, absent: f64, min: f64, max: f64): f64 {
  const value = numberField(from, name, absent, min, max);
  if (value != floor(value)) refuse(name);
  return value;
}

export function integerField(from: Node | null, name: string, absent: u32, min: u32, max: u32): u32 {
  return <u32>wholeField(from, name, absent, min, max);
}

export function boolField(from: Node | null, name: string, absent: bool): bool {
  const n = field(from, name);
  if (n === null) return absent;
  if (n.kind != json.TRUE && n.kind != json.FALSE) refuse(name);
  return n.kind == json.TRUE;
}

/** Whether a text is written in an alphabet. */
function isWritten(p: usize, len: u32, alphabet: string): bool {
  const size = sizeOf(alphabet);
  if (size == 0) return true;
  if (size == 1) return len != 0 && load<u8>(p) == load<u8>(bytesOf(alphabet));
  for (let i: u32 = 0; i < len; i++) if (!inAlphabet(load<u8>(p + i), alphabet)) return false;
  return true;
}

function readText(n: Node, name: string, least: u32, most: u32, alphabet: string, to: Text): void {
  if (n.kind != json.STRING || n.len < least || n.len > most || !isWritten(n.ptr, n.len, alphabet)) refuse(name);
  to.ptr = n.ptr;
  to.len = n.len;
}

/** A text of `least` to `most` bytes into `to`; false if it is absent. */
export function textField(from: Node | null, name: string, least: u32, most: u32, alphabet: string, to: Text): bool {
  const n = field(from, name);
  if (n === null) return false;
  readText(n, name, least, most, alphabet, to);
  return true;
}

/** A list of texts as an array of Text in the region; its address and length go to `to`, as those of a Text. */
export function textsField(
  region: Region,
  from: Node | null,
  name: string,
  mostEntries: u32,
  most: u32,
  alphabet: string,
  to: Text,
): void {
  const list = listField(from, name, mostEntries);
  if (list === null || list.count == 0) return;
  to.ptr = alloc(region, list.count * offsetof<Text>());
  if (to.ptr == 0) return refuse(name);
  for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
    readText(changetype<Node>(c), name, 1, most, alphabet, changetype<Text>(to.ptr + to.len++ * offsetof<Text>()));
  }
}

/** A text that must be one of the words: which, from 1 on; 0 if it is absent or, refused, another. */
export function choiceField(from: Node | null, name: string, words: string): u32 {
  const n = fieldOf(json.STRING, from, name);
  if (n === null) return 0;
  const choice = among(n.ptr, n.len, words);
  if (choice == 0) refuse(name);
  return choice;
}
