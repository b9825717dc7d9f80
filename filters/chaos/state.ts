import { Region } from '../abi/region';
import { AnyRoot } from '../abi/roots';
import { initSlab, Slab } from '../abi/slab';
import { Table } from '../abi/table';
import { Text } from '../abi/text';
import { REQUEST_HEADERS, RESPONSE_HEADERS } from '../abi/types';

export const DELAY_FIXED: u32 = 1;
export const DELAY_UNIFORM: u32 = 2;
export const DELAY_NORMAL: u32 = 3;
export const DELAY_PARETO: u32 = 4;
export const DELAY_TABLE: u32 = 5;

export const END_NONE: u32 = 0;
export const END_HTTP: u32 = 1;
export const END_GRPC: u32 = 2;
export const END_RESET: u32 = 3;
export const END_EXPRESS: u32 = 4;
export const END_SPRING: u32 = 5;
export const END_GRPC_EXCEPTION: u32 = 6;

// Directions: ABI's stream types plus one, so that 0 is none.
export const NOWHERE: u32 = 0;
export const ON_REQUEST: u32 = 1;
export const ON_RESPONSE: u32 = 2;

/** The map of a direction's headers, and its body's buffer. */
@inline
export function mapOf(on: u32): u32 {
  return on == ON_REQUEST ? REQUEST_HEADERS : RESPONSE_HEADERS;
}

@inline
export function bufferOf(on: u32): u32 {
  return on - 1;
}

// Parts of a message that can be mutated, by place in a hit; as bits in a fault.
export const BODY: u32 = 0;
export const QUERY: u32 = 1;
export const HEADERS: u32 = 2;
export const PARTS: u32 = 3;

/** One fault of a configuration; lives in the root's region. */
@unmanaged
export class Fault {
  /** Unix ns. */
  expires: u64;
  /** Monotonic ns; u64.MAX = no end of its own. */
  ends: u64;
  /** When it was first configured, monotonic ns. */
  begun: u64;
  seed: u64;
  /** Matching requests seen: the number that makes a request's random choices its own. */
  requests: u64;
  /** Of 2^32; above that every request. */
  share: u64;
  delayMs: f64;
  spread: f64;
  table: usize;
  tableLength: u32;
  delay: u32;
  end: u32;
  status: u32;
  mutateOn: u32;
  ops: u32;
  kinds: u32;
  /** Bits of the parts it mutates. */
  parts: u32;
  /** Names of the only headers it mutates, as an array of Text; 0 = all that may be. */
  only: usize;
  onlyCount: u32;
  raw: bool;
  /** See over.ts. */
  over: bool;
  takenBack: bool;
  stall: u32;
  truncateOn: u32;
  truncateTo: u32;
  maxActive: u32;
  active: u32;
  id: usize;
  idLen: u32;
  method: usize;
  methodLen: u32;
  prefix: usize;
  prefixLen: u32;
  pattern: usize;
  patternLen: u32;
  authority: usize;
  authorityLen: u32;
  headerName: usize;
  headerNameLen: u32;
  /** 0 = any value. */
  headerValue: usize;
  headerValueLen: u32;
  caller: usize;
  callerLen: u32;
}

/** A configuration in force, or an old one whose streams still live. */
@unmanaged
export class Root extends AnyRoot {
  faults: usize;
  count: u32;
  maxBody: u32;
  /** Streams that wait, as a binary heap by the time they are due. */
  waiting: usize;
  waitingCount: u32;
  waitingCap: u32;
  /** By when what is kept back is to be told, monotonic ns; 0 = nothing is. */
  tellAt: u64;
  /** What the timer is set for, monotonic ns; u64.MAX = stopped. */
  armed: u64;
  /** When the first of the faults that have hit its streams ends, monotonic ns; u64.MAX = none has. */
  expireAt: u64;
  /** Streams that were hit. */
  hit: u32;
  /** Which of an Envoy's chaos filters it is of, and whether it is what that filter does now. */
  filter: usize;
  filterLen: u32;
  inForce: bool;
  /** The next older configuration. */
  next: usize;
}

/** Most faults that act on one stream. */
export const MAX_HITS: u32 = 4;

/** What one fault does to one stream. */
@unmanaged
export class Hit {
  fault: usize;
  delayMs: u32;
  /** The request's number among those that match the fault. */
  number: u64;
  /** Per part: bits of the kinds used, edits made. */
  bodyKinds: u32;
  queryKinds: u32;
  headersKinds: u32;
  bodyEdits: u32;
  queryEdits: u32;
  headersEdits: u32;
}

/** A stream that at least one fault hit; its hits follow it in memory. */
@unmanaged
export class Stream {
  id: u32;
  root: usize;
  hits: u32;
  /** Which direction waits. */
  hold: u32;
  /** 1 + place in the root's heap; 0 = does not wait. */
  place: u32;
  /** Whose body is being collected, and whether a part of it has come. */
  collect: u32;
  gathered: bool;
  /** What that body is, by its headers: a kind of lib/body.ts. */
  format: u32;
  /** Its headers, as they are to leave, say how long it is. */
  sized: bool;
  /** How long they said it is when they came; 0 if they did not. */
  declared: u32;
  /** The answer has begun, whosever it is: no local response may follow. */
  answered: bool;
  /** It was ended from here, by a local response or a reset. */
  ended: bool;
  /** The request waits until its faults end, whatever the delay. */
  stalls: bool;
  /** The answer's headers have left: what is done from now on cannot be named in them. */
  named: bool;
  end: u32;
  status: u32;
  due: u64;
  /** Bytes of each body still let through; -1 = all. */
  requestLeft: i32;
  responseLeft: i32;
}

@inline
export function hitAt(s: Stream, i: u32): Hit {
  return changetype<Hit>(changetype<usize>(s) + offsetof<Stream>() + <usize>i * offsetof<Hit>());
}

@inline
export function faultOf(h: Hit): Fault {
  return changetype<Fault>(h.fault);
}

@inline
export function kindsOf(h: Hit, part: u32): u32 {
  return load<u32>(changetype<usize>(h) + (<usize>part << 2), offsetof<Hit>('bodyKinds'));
}

@inline
export function editsOf(h: Hit, part: u32): u32 {
  return load<u32>(changetype<usize>(h) + (<usize>part << 2), offsetof<Hit>('bodyEdits'));
}

/** Notes what a mutation did. */
export function noteEdits(h: Hit, part: u32, kinds: u32, edits: u32): void {
  const p = changetype<usize>(h) + (<usize>part << 2);
  store<u32>(p, load<u32>(p, offsetof<Hit>('bodyKinds')) | kinds, offsetof<Hit>('bodyKinds'));
  store<u32>(p, load<u32>(p, offsetof<Hit>('bodyEdits')) + edits, offsetof<Hit>('bodyEdits'));
}

export function addHit(s: Stream, f: Fault, number: u64): Hit {
  const h = hitAt(s, s.hits++);
  h.fault = changetype<usize>(f);
  h.number = number;
  f.active++;
  return h;
}

export const streams = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));
initSlab(slab, <u32>(offsetof<Stream>() + MAX_HITS * offsetof<Hit>()));

/** The faults of a root, by place. */
@inline
export function faultAt(r: Root, i: u32): Fault {
  return changetype<Fault>(r.faults + <usize>i * offsetof<Fault>());
}

@inline
export function regionOf(r: Root): Region {
  return changetype<Region>(r.region);
}
