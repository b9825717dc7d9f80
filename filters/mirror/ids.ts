// Ids the server made, production's → the shadow's. Production's are kept only as keyed hashes. A cache of 1024 sets of four, the
// oldest of a set makes room; it belongs to the VM, so that a new configuration does not forget them (the key is part of the hash,
// so configurations with different keys share nothing).
import { give, take } from '../abi/heap';
import { high, low } from '../lib/siphash';
import { idKey } from './identity';
import { Root } from './state';

const SETS: u32 = 1024;
const WAYS: u32 = 4;
/** Longer values are not ids. */
export const LONGEST: u32 = 2048;
/** From this length on a value is taken to be unique by itself: it is found in any session, also in the one it begins. */
const UNIQUE: u32 = 16;

const EMPTY: u32 = 0;
const PENDING: u32 = 1;
const KNOWN: u32 = 2;

@unmanaged
class Entry {
  high: u64;
  low: u64;
  stamp: u32;
  state: u32;
  ptr: usize;
  len: u32;
}

let table: usize = 0;
let clock: u32 = 0;

/** The shadow's value after {@link lookup} answered 1. */
export let found: usize = 0;
export let foundLen: u32 = 0;

@inline
function set(): usize {
  return table + <usize>(<u32>(high >> 8) % SETS) * (WAYS * offsetof<Entry>());
}

function locate(): Entry | null {
  const s = set();
  for (let i: u32 = 0; i < WAYS; i++) {
    const e = changetype<Entry>(s + <usize>i * offsetof<Entry>());
    if (e.state != EMPTY && e.high == high && e.low == low) return e;
  }
  return null;
}

@inline
function scopeOf(scope: u64, len: u32, everywhere: bool): u64 {
  return everywhere || len >= UNIQUE ? 0 : scope;
}

/** 0 = never learned, 1 = known ({@link found}), -1 = the shadow's is not known (yet): a copy with it would mislead. */
export function lookup(r: Root, scope: u64, p: usize, len: u32, everywhere: bool): i32 {
  if (table == 0 || len == 0 || len > LONGEST) return 0;
  idKey(r, scopeOf(scope, len, everywhere), p, len);
  const e = locate();
  if (e === null) return 0;
  e.stamp = ++clock;
  if (e.state == PENDING) return -1;
  found = e.ptr;
  foundLen = e.len;
  return 1;
}

function room(): Entry | null {
  if (table == 0) {
    const bytes = SETS * WAYS * offsetof<Entry>();
    table = take(bytes);
    if (table == 0) return null;
    memory.fill(table, 0, bytes);
  }
  const known = locate();
  if (known !== null) return known;
  const s = set();
  let oldest = changetype<Entry>(s);
  for (let i: u32 = 0; i < WAYS; i++) {
    const e = changetype<Entry>(s + <usize>i * offsetof<Entry>());
    if (e.state == EMPTY) {
      oldest = e;
      break;
    }
    if (clock - e.stamp > clock - oldest.stamp) oldest = e;
  }
  forget(oldest);
  oldest.high = high;
  oldest.low = low;
  return oldest;
}

function forget(e: Entry): void {
  if (e.state == KNOWN) give(e.ptr, e.len);
  e.state = EMPTY;
}

/**
 * Pairs production's value with the shadow's; without one (length 0) notes that production uses a value whose counterpart is not
 * known yet. Returns whether it learned.
 */
export function learn(r: Root, scope: u64, p: usize, len: u32, everywhere: bool, theirs: usize, theirsLen: u32): bool {
  if (len == 0 || len > LONGEST || theirsLen > LONGEST) return false;
  idKey(r, scopeOf(scope, len, everywhere), p, len);
  const e = room();
  if (e === null) return false;
  e.stamp = ++clock;
  if (theirsLen == 0) {
    if (e.state == EMPTY) e.state = PENDING;
    return false;
  }
  const value = take(theirsLen);
  if (value == 0) return false;
  memory.copy(value, theirs, theirsLen);
  forget(e);
  e.ptr = value;
  e.len = theirsLen;
  e.state = KNOWN;
  return true;
}
