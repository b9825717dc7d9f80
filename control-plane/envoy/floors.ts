import type { EdgeSettings } from '../mesh/settings.ts';
import type { HealthyEdge } from '../mesh/snapshot.ts';

/** Windows a healthy state must rest on before it is believed. */
const TRUSTED_WINDOWS = 5;

/**
 * Settings no worse than an edge needs for half of its healthy work, whoever asked for them: the last check before production.
 * No rate limit below half of the healthy rate, no time-out below the healthy p99, no fewer requests in flight than half of the
 * healthy rate takes at that p99 (Little's law). Without a trusted healthy state nothing is raised.
 */
export function withFloors(settings: EdgeSettings, healthy: HealthyEdge | undefined): EdgeSettings {
  if (!healthy || healthy.windows < TRUSTED_WINDOWS) return settings;
  const raised: EdgeSettings = { ...settings, timeoutMs: Math.max(settings.timeoutMs, Math.ceil(healthy.p99)) };
  if (settings.rateLimit !== undefined) raised.rateLimit = Math.max(settings.rateLimit, healthy.rate / 2);
  if (settings.maxRequests !== undefined) {
    const needed = Math.ceil((healthy.rate / 2) * (healthy.p99 / 1000));
    raised.maxRequests = Math.max(settings.maxRequests, needed, 1);
  }
  return raised;
}
