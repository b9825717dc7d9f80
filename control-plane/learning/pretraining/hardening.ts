import type { Mitigation } from '../../mesh/mitigation.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import type { Topology } from '../../mesh/topology.ts';
import { begin, type Incident } from './incidents.ts';
import { PLAYED } from './play.ts';

/** One element of a standing configuration: the same mitigation on every target it fits. */
export const elements: Readonly<Record<string, (t: Topology) => Mitigation[]>> = {
  breaker: (t) => inner(t).map((edge) => ({ kind: 'circuit-breaking', target: { edge }, strength: 4 })),
  outlier: (t) => every(t).map((edge) => ({ kind: 'outlier-detection', target: { edge }, strength: 1 })),
  timeout: (t) => inner(t).map((edge) => ({ kind: 'timeout', target: { edge }, strength: 4 })),
  retry: (t) => every(t).map((edge) => ({ kind: 'retry', target: { edge }, strength: 1 })),
  limit: (t) => [{ kind: 'rate-limit', target: { edge: t.entry }, strength: 1.1 }],
  admission: (t) => every(t).map((edge) => ({ kind: 'admission-control', target: { edge }, strength: 0.5 })),
};

const every = (t: Topology) => Object.values(t.edges).map((e) => e.id);
const inner = (t: Topology) => every(t).filter((id) => id !== t.entry);

export type Hardening = (topology: Topology, healthy: HealthyState) => Mitigation[];

/** A standing configuration of the named elements, for any application. */
export const hardeningOf =
  (names: readonly string[]): Hardening =>
  (topology) =>
    names.flatMap((n) => elements[n]!(topology));

/** The set of elements that does best over `incidents`, by trying all of them: the best fixed configuration. */
export function bestHardening(incidents: readonly Incident[]): { names: string[]; value: number } {
  const all = Object.keys(elements);
  let best: { names: string[]; value: number } = { names: [], value: Number.NEGATIVE_INFINITY };
  for (let bits = 0; bits < 2 ** all.length; bits++) {
    const names = all.filter((_, i) => bits & (1 << i));
    let sum = 0;
    for (const incident of incidents) sum += begin(incident, hardeningOf(names))!.run(PLAYED, false) / PLAYED;
    const value = sum / incidents.length;
    if (value > best.value) best = { names, value };
  }
  return best;
}
