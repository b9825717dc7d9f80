import type { Snapshot } from '../mesh/snapshot.ts';
import type { EdgeId } from '../mesh/topology.ts';

/**
 * What the mesh carries behind its entry: attempts per second (retries included) plus requests in flight, summed over its inner
 * edges. Its fall is the first sign that a mitigation relieves an overloaded service, well before the backlog is worked off and
 * users notice.
 */
export function innerLoad(snapshot: Snapshot, entry: EdgeId): number {
  let load = 0;
  for (const [id, w] of Object.entries(snapshot.edges))
    if (id !== entry) load += finite(w.rate) + finite(w.retries) + finite(w.inFlight);
  return load;
}

const finite = (x: number) => (Number.isFinite(x) ? Math.max(0, x) : 0);
