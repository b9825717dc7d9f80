// Metrics by number: one table of the host's ids, filled once per VM from a list of names.
import { temp } from '../abi/arena';
import { defineMetric, incrementMetric, recordMetric } from '../abi/host';
import { bytesOf, sizeOf } from '../abi/text';
import { OK } from '../abi/types';

/** Most metrics a module may have. */
const MOST: u32 = 48;
const ids: usize = memory.data(192, 8);
/** What was tallied and not told yet, i64 a metric. */
const tallied: usize = memory.data(384, 8);
const out: usize = memory.data(8, 8);
let defined: u32 = 0;

/** The host's id of a metric called prefix and name; 0 if it refuses. Once per VM and name: each call takes a new id in the host. */
export function define(type: u32, prefix: string, name: usize, nameLen: u32): u32 {
  const before = sizeOf(prefix);
  const p = temp(before + nameLen);
  if (p == 0) return 0;
  memory.copy(p, bytesOf(prefix), before);
  memory.copy(p + before, name, nameLen);
  store<u32>(out, 0);
  return defineMetric(type, p, before + nameLen, out) == OK ? load<u32>(out) : 0;
}

/** Defines the `names`, words, under the next free numbers. */
export function defineAll(type: u32, prefix: string, names: string): void {
  let name = changetype<usize>(names);
  for (let n: u32 = load<u8>(name); n != 0 && defined < MOST; n = load<u8>(name)) {
    store<u32>(ids + (<usize>defined << 2), define(type, prefix, name + 1, n));
    defined++;
    name += n + 1;
  }
}

@inline
export function isDefined(): bool {
  return defined != 0;
}

/** Gauges go both ways; a counter takes no zero. */
function add(metric: u32, n: i64): void {
  if (n != 0) incrementMetric(load<u32>(ids + (<usize>metric << 2)), n);
}

/**
 * Counts in the module's own memory, until {@link tellTallies}: a call into the host costs more than most of what is counted.
 * Of a gauge only the sum is told.
 */
export function tallyMany(metric: u32, n: i32): void {
  const at = tallied + (<usize>metric << 3);
  store<i64>(at, load<i64>(at) + n);
}

/** Tallies one. */
export function tally(metric: u32): void {
  tallyMany(metric, 1);
}

/** Tells the host what was tallied; for a tick, and for when there may be none any more. */
export function tellTallies(): void {
  for (let metric: u32 = 0; metric < defined; metric++) {
    const at = tallied + (<usize>metric << 3);
    add(metric, load<i64>(at));
    store<i64>(at, 0);
  }
}

export function record(metric: u32, value: u64): void {
  recordMetric(load<u32>(ids + (<usize>metric << 2)), value);
}
