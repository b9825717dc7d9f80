// Metrics by number: one table of the host's ids, filled once per VM from a list of names. Names in one string cost a third of
// what a constant each does.
import { temp } from '../abi/arena';
import { defineMetric, incrementMetric, recordMetric } from '../abi/host';
import { Text } from '../abi/text';
import { OK } from '../abi/types';

/** Most metrics a module may have. */
const MOST: u32 = 48;
const ids: usize = memory.data(192, 8);
const out: usize = memory.data(8, 8);
let defined: u32 = 0;

/** The host's id of a metric called prefix and name; 0 if it refuses. Once per VM and name: each call takes a new id in the host. */
export function define(type: u32, prefix: Text, name: usize, nameLen: u32): u32 {
  const p = temp(prefix.len + nameLen);
  if (p == 0) return 0;
  memory.copy(p, prefix.ptr, prefix.len);
  memory.copy(p + prefix.len, name, nameLen);
  store<u32>(out, 0);
  return defineMetric(type, p, prefix.len + nameLen, out) == OK ? load<u32>(out) : 0;
}

/** Defines the blank-separated `names` under the next free numbers. */
export function defineAll(type: u32, prefix: Text, names: string): void {
  const total: u32 = names.length;
  const bytes = temp(total);
  if (bytes == 0) return;
  for (let i: u32 = 0; i < total; i++) store<u8>(bytes + i, load<u16>(changetype<usize>(names) + (<usize>i << 1)));
  let i: u32 = 0;
  while (i < total && defined < MOST) {
    let j = i;
    while (j < total && load<u8>(bytes + j) != 32) j++;
    store<u32>(ids + (<usize>defined << 2), define(type, prefix, bytes + i, j - i));
    defined++;
    i = j + 1;
  }
}

@inline
export function isDefined(): bool {
  return defined != 0;
}

export function count(metric: u32): void {
  incrementMetric(load<u32>(ids + (<usize>metric << 2)), 1);
}

/** Gauges go both ways; a counter takes no zero. */
export function add(metric: u32, n: i64): void {
  if (n != 0) incrementMetric(load<u32>(ids + (<usize>metric << 2)), n);
}

export function record(metric: u32, value: u64): void {
  recordMetric(load<u32>(ids + (<usize>metric << 2)), value);
}
