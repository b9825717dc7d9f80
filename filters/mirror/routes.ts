// Comparison by route, so that fidelity is a number per route. The metrics of a name are defined once per VM and found again by
// later configurations: the host never forgets a metric.
import { incrementMetric } from '../abi/host';
import { take } from '../abi/heap';
import { same, Text } from '../abi/text';
import { COUNTER } from '../abi/types';
import { define } from '../lib/metrics';
import { newOut, put, putByte, putString } from '../lib/out';
import { PREFIX } from './metrics';

export const ROUTE_COMPARED: u32 = 0;
export const ROUTE_STATUS_MISMATCH: u32 = 1;
export const ROUTE_DIGEST_MISMATCH: u32 = 2;
export const ROUTE_NOISE_COMPARED: u32 = 3;
export const ROUTE_NOISE_MISMATCH: u32 = 4;

/** The host's ids of one name's metrics; its bytes follow the record. */
@unmanaged
export class Route {
  next: usize;
  nameLen: u32;
  compared: u32;
  status: u32;
  digest: u32;
  noise: u32;
  noiseMismatch: u32;
}

let known: usize = 0;

/** The metrics of a name; 0 if there is no memory. */
export function countersOf(name: usize, nameLen: u32): usize {
  for (let p = known; p != 0; p = changetype<Route>(p).next) {
    if (same(p + offsetof<Route>(), changetype<Route>(p).nameLen, name, nameLen)) return p;
  }
  const p = take(offsetof<Route>() + nameLen);
  if (p == 0) return 0;
  const r = changetype<Route>(p);
  memory.copy(p + offsetof<Route>(), name, nameLen);
  r.nameLen = nameLen;
  r.compared = defineRoute(name, nameLen, 'compared');
  r.status = defineRoute(name, nameLen, 'status_mismatch');
  r.digest = defineRoute(name, nameLen, 'digest_mismatch');
  r.noise = defineRoute(name, nameLen, 'noise_compared');
  r.noiseMismatch = defineRoute(name, nameLen, 'noise_mismatch');
  r.next = known;
  known = p;
  return p;
}

function defineRoute(name: usize, nameLen: u32, what: string): u32 {
  const o = newOut(nameLen + 32);
  if (o === null) return 0;
  putString(o, 'route.');
  put(o, name, nameLen);
  putByte(o, 46);
  putString(o, what);
  return o.failed ? 0 : define(COUNTER, PREFIX, o.ptr, o.len);
}

/** Counts for a route; nothing for none. */
export function countRoute(route: usize, what: u32): void {
  if (route != 0) incrementMetric(load<u32>(route + (<usize>what << 2), offsetof<Route>('compared')), 1);
}
