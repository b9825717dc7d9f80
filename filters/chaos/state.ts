import { Region } from '../abi/region';
import { initSlab, Slab } from '../abi/slab';
import { Table } from '../abi/table';
import { Text } from '../abi/text';

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

export const ON_REQUEST: u32 = 1;
export const ON_RESPONSE: u32 = 2;

/** One fault of a configuration; lives in the root's region. */
@unmanaged
export class Fault {
  /** Unix ns. */
  expires: u64;
  /** Monotonic ns; u64.MAX = no end of its own. */
  ends: u64;
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
  raw: bool;
  over: bool;
  stall: u32;
  truncate: i32;
  maxActive: u32;
  active: u32;
  id: usize;
  idLen: u32;
  method: usize;
  methodLen: u32;
  prefix: usize;
  prefixLen: u32;
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
export class Root {
  id: u32;
  region: usize;
  faults: usize;
  count: u32;
  maxBody: u32;
  /** Streams that wait, as a binary heap by the time they are due. */
  waiting: usize;
  waitingCount: u32;
  waitingCap: u32;
  /** What the timer is set for, monotonic ns; 0 = stopped. */
  armed: u64;
}

/** Most faults that act on one stream. */
export const MAX_HITS: u32 = 4;

export const HOLD_NONE: u32 = 0;
/** The request waits; then it ends or goes on. */
export const HOLD_REQUEST: u32 = 1;
/** The answer waits. */
export const HOLD_RESPONSE: u32 = 2;

export const COLLECT_NONE: u32 = 0;
export const COLLECT_REQUEST: u32 = 1;
export const COLLECT_RESPONSE: u32 = 2;

/** A stream that at least one fault hit. */
@unmanaged
export class Stream {
  id: u32;
  root: usize;
  hits: u32;
  hold: u32;
  /** 1 + place in the root's heap; 0 = does not wait. */
  place: u32;
  collect: u32;
  /** A local response or a reset was given: nothing more may be. */
  answered: bool;
  /** The request waits until its faults end, whatever the delay. */
  stalls: bool;
  /** The answer's headers have left: what is done from now on cannot be named in them. */
  named: bool;
  end: u32;
  status: u32;
  endFault: usize;
  due: u64;
  delayMs: u32;
  /** Bytes of the answer's body still let through; -1 = all. */
  left: i32;
  /** Bits of kinds used, and how many edits were made. */
  edits: u32;
  kindsUsed: u32;
  fault0: usize;
  fault1: usize;
  fault2: usize;
  fault3: usize;
  number0: u64;
  number1: u64;
  number2: u64;
  number3: u64;
}

@inline
export function hitFault(s: Stream, i: u32): Fault {
  return changetype<Fault>(<usize>load<u32>(changetype<usize>(s) + (<usize>i << 2), offsetof<Stream>('fault0')));
}

@inline
export function hitNumber(s: Stream, i: u32): u64 {
  return load<u64>(changetype<usize>(s) + (<usize>i << 3), offsetof<Stream>('number0'));
}

export function addHit(s: Stream, f: Fault, n: u64): void {
  store<u32>(changetype<usize>(s) + (<usize>s.hits << 2), <u32>changetype<usize>(f), offsetof<Stream>('fault0'));
  store<u64>(changetype<usize>(s) + (<usize>s.hits << 3), n, offsetof<Stream>('number0'));
  s.hits++;
  f.active++;
}

export const roots = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const streams = changetype<Table>(memory.data(offsetof<Table>(), 8));
export const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));
initSlab(slab, offsetof<Stream>());

/** The faults of a root, by place. */
@inline
export function faultAt(r: Root, i: u32): Fault {
  return changetype<Fault>(r.faults + <usize>i * offsetof<Fault>());
}

@inline
export function regionOf(r: Root): Region {
  return changetype<Region>(r.region);
}
