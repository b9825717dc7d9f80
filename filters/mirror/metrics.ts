import { defineAll, isDefined } from '../lib/metrics';
import { COUNTER, GAUGE, HISTOGRAM } from '../abi/types';

// Numbers of the metrics, in the order of the names below; docs/filters.md says what each counts.
export const SAMPLED: u32 = 0;
export const SENT: u32 = 1;
export const FAILED: u32 = 2;
export const SKIPPED_UPGRADE: u32 = 3;
export const SKIPPED_LOOP: u32 = 4;
export const SKIPPED_UNREADABLE: u32 = 5;
export const SKIPPED_STREAM: u32 = 6;
export const DROPPED_BODY_TOO_LARGE: u32 = 7;
export const DROPPED_IN_FLIGHT: u32 = 8;
export const DROPPED_FAILING: u32 = 9;
export const DROPPED_BYTES_HELD: u32 = 10;
export const DROPPED_UNMAPPED: u32 = 11;
export const DROPPED_ABORTED: u32 = 12;
export const DROPPED_NO_MEMORY: u32 = 13;
export const DROPPED_RECONFIGURED: u32 = 14;
export const UNCOMPARED: u32 = 15;
export const COMPARED: u32 = 16;
export const STATUS_MISMATCH: u32 = 17;
export const DIGEST_COMPARED: u32 = 18;
export const DIGEST_MISMATCH: u32 = 19;
export const NOISE_COMPARED: u32 = 20;
export const NOISE_STATUS_MISMATCH: u32 = 21;
export const NOISE_DIGEST_COMPARED: u32 = 22;
export const NOISE_DIGEST_MISMATCH: u32 = 23;
export const REDACTED: u32 = 24;
export const PSEUDONYMS: u32 = 25;
export const LEARNED: u32 = 26;
export const MAPPED: u32 = 27;
export const HEARTBEAT: u32 = 28;
export const CONFIGURED: u32 = 29;
export const SEEN: u32 = 30;
export const IN_FLIGHT: u32 = 31;
export const BYTES_HELD: u32 = 32;
export const PRODUCTION_MS: u32 = 33;
export const SHADOW_MS: u32 = 34;

export const PREFIX = 'umbra_mirror_';
/** What compare.ts counts of a pair of answers, of all requests and of each route's: in one order for both kinds of pair. */
export const COMPARISONS = words`
  compared status_mismatch digest_compared digest_mismatch
  noise_compared noise_status_mismatch noise_digest_compared noise_digest_mismatch`;

export function defineMetrics(): void {
  if (isDefined()) return;
  defineAll(
    COUNTER,
    PREFIX,
    words`
      sampled sent failed skipped_upgrade skipped_loop skipped_unreadable skipped_stream dropped_body_too_large dropped_in_flight
      dropped_failing dropped_bytes_held dropped_unmapped dropped_aborted dropped_no_memory dropped_reconfigured uncompared`,
  );
  defineAll(COUNTER, PREFIX, COMPARISONS);
  defineAll(COUNTER, PREFIX, words`redacted pseudonyms learned mapped heartbeat configured seen`);
  defineAll(GAUGE, PREFIX, words`in_flight bytes_held`);
  defineAll(HISTOGRAM, PREFIX, words`production_ms shadow_ms`);
}
