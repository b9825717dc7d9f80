// Comparison by route, so that fidelity is a number per route. The metrics of a name are defined once per VM and found again by
// later configurations: the host never forgets a metric.
import { incrementMetric } from '../abi/host';
import { take } from '../abi/heap';
import { same } from '../abi/text';
import { COUNTER } from '../abi/types';
import { define } from '../lib/metrics';
import { output, put, putByte, putString } from '../lib/out';
import { COMPARED, COMPARISONS, PREFIX } from './metrics';

const MOST: usize = 8;

/** One name's record: the next one's address, the name's length, the host's ids of its metrics, what they are to be told, the name. */
const HEAD: usize = 8;
const TALLIED: usize = HEAD + MOST * 4;
const NAME: usize = TALLIED + MOST * 4;
let known: usize = 0;

/** The metrics of a name; 0 if there is no memory. */
export function countersOf(name: usize, nameLen: u32): usize {
  for (let p = known; p != 0; p = load<u32>(p)) if (same(p + NAME, load<u32>(p, 4), name, nameLen)) return p;
  const p = take(NAME + nameLen);
  if (p == 0) return 0;
  store<u32>(p, <u32>known);
  store<u32>(p, nameLen, 4);
  memory.fill(p + TALLIED, 0, MOST * 4);
  memory.copy(p + NAME, name, nameLen);
  let word = changetype<usize>(COMPARISONS);
  for (let id = p + HEAD; id < p + TALLIED; id += 4) {
    const o = output(nameLen + 32);
    putString(o, 'route.');
    put(o, name, nameLen);
    putByte(o, 46);
    put(o, word + 1, load<u8>(word));
    store<u32>(id, define(COUNTER, PREFIX, o.ptr, o.len));
    word += load<u8>(word) + 1;
  }
  known = p;
  return p;
}

/** Counts one of the {@link COMPARISONS}, by its number in all, for a route, until {@link tellRoutes}; nothing for none. */
export function tallyRoute(route: usize, metric: u32): void {
  if (route == 0) return;
  const at = route + (<usize>(metric - COMPARED) << 2);
  store<u32>(at, load<u32>(at, TALLIED) + 1, TALLIED);
}

export function tellRoutes(): void {
  for (let p = known; p != 0; p = load<u32>(p)) {
    for (let at = p; at < p + MOST * 4; at += 4) {
      const n = load<u32>(at, TALLIED);
      if (n != 0) incrementMetric(load<u32>(at, HEAD), n);
      store<u32>(at, 0, TALLIED);
    }
  }
}
