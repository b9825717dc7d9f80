// Finds the ids a configuration declares in an answer: by JSON path, in Location, in Set-Cookie. Both answers are read the same
// way, and values at the same place are each other's counterparts.
import { inAlphabet, is, same, seek } from '../abi/text';
import * as json from '../lib/json';
import { Out, put } from '../lib/out';
import { follow, isAt } from '../lib/paths';
import { LONGEST } from './ids';
import { list, listAt, listCount, Root } from './state';

/** Ids found in one answer; more are not looked at. */
const MOST: u32 = 64;
const LOCATION: u32 = 0xfffe;
const COOKIES: u32 = 0xf000;

const counts: usize = memory.data(64, 8);
const word: usize = memory.data(8, 8);

/** What may stand anywhere: in a path, a cookie, a header and a JSON string alike. */
function isIdText(p: usize, len: u32): bool {
  if (len == 0 || len > LONGEST) return false;
  for (let i: u32 = 0; i < len; i++) {
    const c: u32 = load<u8>(p + i);
    if (c <= 32 || c >= 127 || inAlphabet(c, '"\\;,/?&')) return false;
  }
  return true;
}

/** One found id: u16 place, u16 flags (1 = valid in every session), u32 length, the bytes. */
function note(o: Out, place: u32, everywhere: bool, p: usize, len: u32): void {
  if (!isIdText(p, len)) return;
  store<u16>(word, place);
  store<u16>(word, everywhere ? 1 : 0, 2);
  store<u32>(word, len, 4);
  put(o, word, 8);
  put(o, p, len);
}

/** Ids at the declared JSON paths. A document that breaks off gives what was before that. */
export function extractJson(o: Out, r: Root, p: usize, len: u32): void {
  const paths = list(r, offsetof<Root>('learnPaths'));
  const n = listCount(paths);
  if (n == 0) return;
  memory.fill(counts, 0, 64);
  let noted: u32 = 0;
  json.open(p, len);
  while (true) {
    const t = json.next();
    if (t <= json.END) return;
    follow(t);
    if (t != json.STRING && t != json.NUMBER) continue;
    const quote: u32 = t == json.STRING ? 1 : 0;
    for (let i: u32 = 0; i < n; i++) {
      const at = listAt(paths, i);
      if (!isAt(at.ptr, at.len, json.depth)) continue;
      const ordinal = load<u16>(counts + ((<usize>i) << 1));
      store<u16>(counts + ((<usize>i) << 1), ordinal + 1);
      if (ordinal >= 1024 || noted++ >= MOST) break;
      note(o, (i << 10) | ordinal, false, json.start + quote, <u32>(json.stop - json.start) - 2 * quote);
      break;
    }
  }
}

/** Ids in an answer's headers, one call per header. */
export function extractHeader(o: Out, r: Root, name: usize, nameLen: u32, p: usize, len: u32): void {
  const end = p + len;
  if (r.learnLocation && is(name, nameLen, 'location')) {
    const stop = seek(p, seek(p, end, 63), 35);
    let from = stop;
    while (from > p && load<u8>(from - 1) != 47) from--;
    return note(o, LOCATION, false, from, <u32>(stop - from));
  }
  if (r.learnCookiesCount == 0 || !is(name, nameLen, 'set-cookie')) return;
  const cookies = list(r, offsetof<Root>('learnCookies'));
  const stop = seek(p, end, 59);
  const equals = seek(p, stop, 61);
  if (equals == stop) return;
  for (let i: u32 = 0; i < listCount(cookies); i++) {
    if (same(p, <u32>(equals - p), listAt(cookies, i).ptr, listAt(cookies, i).len))
      note(o, COOKIES + i, true, equals + 1, <u32>(stop - equals - 1));
  }
}
