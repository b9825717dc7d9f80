import { healthyEdge, healthyService, mean } from '../../mesh/healthy.ts';
import type { HealthyState, Snapshot } from '../../mesh/snapshot.ts';

/** The healthy state of untroubled windows, as telemetry takes it; at least one window. */
export function healthyOf(windows: readonly Snapshot[]): HealthyState {
  const of = <T, H>(part: (w: Snapshot) => Readonly<Record<string, T>>, healthy: (seen: readonly T[]) => H) =>
    Object.fromEntries(Object.keys(part(windows[0]!)).map((id) => [id, healthy(windows.map((w) => part(w)[id]!))]));
  return {
    edges: of((w) => w.edges, healthyEdge),
    services: of((w) => w.services, healthyService),
    goodput: mean(windows.map((w) => w.entry.good)),
  };
}
