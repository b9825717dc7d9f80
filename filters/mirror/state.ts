import { Region } from '../abi/region';
import { AnyRoot } from '../abi/roots';
import { initSlab, Slab } from '../abi/slab';
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

export function listHas(list: usize, p: usize, len: u32): bool {
  for (let i: u32 = 0; i < listCount(list); i++) if (same(p, len, entry(list, i).ptr, entry(list, i).len)) return true;
  return false;
}

export function listHasFold(list: usize, p: usize, len: u32): bool {
  for (let i: u32 = 0; i < listCount(list); i++) if (sameFold(p, len, entry(list, i).ptr, entry(list, i).len)) return true;
  return false;
}

@inline
export function listAt(list: usize, i: u32): Text {
  return entry(list, i);
}

/** A configuration in force, or an old one whose streams still live. Lists are (u32 pointer, u32 count). */
@unmanaged
export class Root extends AnyRoot {
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
  /** See rules.ts. */
  gate: usize;
  gateLen: u32;
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
  inFlight: u32;
  held: u32;
  /** Copies with a record: those in flight, and those whose production answer is still coming. */
  records: u32;
  /** First of the copies that belong to it. */
  copies: usize;
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
  /** See rewrite.ts. */
  bodyKind: u32;
  /** Of routes.ts, 0 = none. */
  route: usize;
  /** Production's answer is gathered. */
  gathers: bool;
  prodDone: bool;
  prodBroken: bool;
  shadowDone: bool;
  shadowFailed: bool;
  secondDone: bool;
  secondFailed: bool;
  prodStatus: u32;
  shadowStatus: u32;
  secondStatus: u32;
  prodDigest: u64;
  shadowDigest: u64;
  secondDigest: u64;
  /** Monotonic ns. */
  begun: u64;
  called: u64;
  prodNs: u64;
  shadowNs: u64;
  /** Whose ids are whose: hash of the session or identity, 0 = nobody's. */
  scope: u64;
  /** Ids found in the answer that came first, in a block of the heap. */
  prodIds: usize;
  prodIdsLen: u32;
  shadowIds: usize;
  shadowIdsLen: u32;
}

export const streams = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const calls = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));
initSlab(slab, offsetof<Copy>());

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
