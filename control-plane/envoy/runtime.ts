import type { JsonObject } from '@bufbuild/protobuf';
import type { EdgeSettings, OutlierSetting } from '../mesh/settings.ts';
import { keys, outbound } from './names.ts';

/** One edge as the runtime tunes it. `prefix` names its statistics (the listener); the cluster is the callee's. */
export interface TunedEdge {
  readonly prefix: string;
  readonly callee: string;
  readonly settings: EdgeSettings;
}

/** Never refuse everything: something must get through to show that the callee is well again. */
const MOST_REFUSED_PERCENT = 90;

/**
 * The strictest of several: outlier detection has one set of runtime keys per Envoy, so it holds for all callees of a caller
 * as soon as one edge asks for it.
 */
export function strictest(settings: readonly OutlierSetting[]): OutlierSetting | undefined {
  if (settings.length === 0) return undefined;
  return {
    consecutiveFailures: Math.min(...settings.map((s) => s.consecutiveFailures)),
    ejectMs: Math.max(...settings.map((s) => s.ejectMs)),
    maxEjectionPercent: Math.max(...settings.map((s) => s.maxEjectionPercent)),
  };
}

/** The runtime layer that puts an edge's settings in force. A key that is absent leaves the wide-open default. */
export function tuningLayer(edges: readonly TunedEdge[]): JsonObject {
  const layer: JsonObject = {};
  for (const { prefix, callee, settings } of edges) {
    const cluster = outbound(callee);
    if (settings.maxRequests !== undefined) {
      const most = Math.max(1, Math.round(settings.maxRequests));
      layer[keys.maxRequests(cluster)] = most;
      layer[keys.maxPending(cluster)] = most;
    }
    if (settings.retry.budgetPercent < 100) {
      layer[keys.retryBudget(cluster)] = settings.retry.budgetPercent;
      layer[keys.retryMinimum(cluster)] = 1;
    }
    if (settings.admission) {
      layer[keys.admission(prefix)] = true;
      layer[keys.admissionMost(prefix)] = Math.round(
        Math.min(1, Math.max(0.05, settings.admission.aggression)) * MOST_REFUSED_PERCENT,
      );
    }
  }
  const outlier = strictest(edges.flatMap((e) => (e.settings.outlier ? [e.settings.outlier] : [])));
  if (outlier) {
    layer[keys.outlier('consecutive_5xx')] = outlier.consecutiveFailures;
    layer[keys.outlier('base_ejection_time_ms')] = outlier.ejectMs;
    layer[keys.outlier('max_ejection_time_ms')] = outlier.ejectMs;
    layer[keys.outlier('max_ejection_percent')] = outlier.maxEjectionPercent;
    layer[keys.outlier('enforcing_consecutive_5xx')] = 100;
  }
  return layer;
}
