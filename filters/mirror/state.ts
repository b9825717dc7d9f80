import { Region } from '../abi/region';
import { AnyRoot } from '../abi/roots';
import { Table } from '../abi/table';
import { same, sameFold, Text } from '../abi/text';

export const SESSION_NONE: u32 = 0;
export const SESSION_COOKIE: u32 = 1;
export const SESSION_HEADER: u32 = 2;

/** A list of Text in a root's region. */
@unmanaged
export class Texts {
  ptr: usize;
  count: u32;
}

@inline
function entry(list: usize, i: u32): Text {
  return changetype<Text>(<usize>load<u32>(list) + <usize>i * offsetof<Text>());
}

/** The lists below are fields of {@link Root}; they are passed as the field's address. */
@inline
export function listCount(list: usize): u32 {
  return load<u32>(list, 4);
}

function has(list: usize, p: usize, len: u32, fold: bool): bool {
  for (let i: u32 = 0; i < listCount(list); i++) {
    const t = entry(list, i);
    if (fold ? sameFold(p, len, t.ptr, t.len) : same(p, len, t.ptr, t.len)) return true;
  }
  return false;
}

export function listHas(list: usize, p: usize, len: u32): bool {
  return has(list, p, len, false);
}

/** Without regard to ASCII case. */
export function listHasFold(list: usize, p: usize, len: u32): bool {
  return has(list, p, len, true);
}

@inline
export function listAt(list: usize, i: u32): Text {
  return entry(list, i);
}

/** A configuration in force, or an old one whose streams still live. Lists are (u32 pointer, u32 count). */
@unmanaged
export class Root extends AnyRoot {
  // What is used most stands first: an offset below 128 is a byte of code less, each time.
  inFlight: u32;
  /** How many may be, at most `maxInFlight`: see copies.ts. */
  window: u32;
  held: u32;
  /** Copies with a record: those in flight, and those whose production answer is still coming. */
  records: u32;
  /** First of the copies that belong to it. */
  copies: usize;
  cluster: usize;
  clusterLen: u32;
  authority: usize;
  authorityLen: u32;
  /** Of 2^32; `most` is the largest of any route. */
  share: u64;
  most: u64;
  twice: u64;
  session: u32;
  sessionName: usize;
  sessionNameLen: u32;
  maxBody: u32;
  maxInFlight: u32;
  maxHeld: u32;
  timeoutMs: u32;
  cards: bool;
  bearer: bool;
  emails: bool;
  compareBody: bool;
  learnLocation: bool;
  key0: u64;
  key1: u64;
  redactHeaders: usize;
  redactHeadersCount: u32;
  redactQuery: usize;
  redactQueryCount: u32;
  redactFields: usize;
  redactFieldsCount: u32;
  redactPaths: usize;
  redactPathsCount: u32;
  keep: usize;
  keepCount: u32;
  identityHeaders: usize;
  identityHeadersCount: u32;
  plainCookies: usize;
  plainCookiesCount: u32;
  learnPaths: usize;
  learnPathsCount: u32;
  learnCookies: usize;
  learnCookiesCount: u32;
  rules: usize;
  rulesCount: u32;
}

/** One request's copy, from the moment it is sampled until both answers are in or cannot come. */
@unmanaged
export class Copy {
  root: usize;
  before: usize;
  after: usize;
  /** The production stream; 0 once it has ended. */
  stream: u32;
  /** The callouts; 0 = none under way. */
  call: u32;
  second: u32;
  /** The request's header block, kept while its body is gathered. */
  head: usize;
  headLen: u32;
  /** The request's body, then production's answer's. */
  first: usize;
  last: usize;
  length: u32;
  /** Bytes counted against the root's cap, and those of them that the request takes: they are free when the callout ends. */
  held: u32;
  heldRequest: u32;
  /** The callout has ended, so that it is no longer counted as in flight. */
  landed: bool;
  /** What cannot be read is sent as it is. */
  opaque: bool;
  sent: bool;
  twice: bool;
  /** See lib/body.ts. */
  bodyKind: u32;
  /** Of routes.ts, 0 = none. */
  route: usize;
  /** Production's answer is gathered. */
  gathers: bool;
  /** Whether it is timed, and when it began and was sent: monotonic ns. */
  timed: bool;
  begun: u64;
  called: u64;
  /** The first heartbeat that saw it, monotonic ns; 0 = none has. */
  seen: u64;
  /** Whose ids are whose: hash of the session or identity, 0 = nobody's. */
  scope: u64;
}

/** One answer to a copied request; a copy's three stand behind it. */
@unmanaged
export class Answer {
  /** Whole, or never to be. */
  done: bool;
  failed: bool;
  /** See answers.ts. */
  status: u32;
  /** Ids found in it, in a block of the heap. */
  ids: usize;
  idsLen: u32;
  /** Of its structure; 0 = none. */
  digest: u64;
  /** From the request's beginning, or its sending, to the answer's end; 0 if that is not timed. */
  ns: u64;
}

export const PRODUCTION: usize = 0;
export const SHADOW: usize = 1;
/** Of a request that was sent twice. */
export const SECOND: usize = 2;

@inline
export function answerOf(c: Copy, which: usize): Answer {
  return changetype<Answer>(changetype<usize>(c) + offsetof<Copy>() + which * offsetof<Answer>());
}

export const streams = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const calls = changetype<Table>(memory.data(offsetof<Table>(), 8));
/** Bytes of a copy with its answers. */
export const COPY_SIZE: usize = offsetof<Copy>() + 3 * offsetof<Answer>();

@inline
export function rootOf(c: Copy): Root {
  return changetype<Root>(c.root);
}

@inline
export function regionOf(r: Root): Region {
  return changetype<Region>(r.region);
}

/** The address of one of a root's lists, by its field. */
@inline
export function list(r: Root, offset: usize): usize {
  return changetype<usize>(r) + offset;
}
