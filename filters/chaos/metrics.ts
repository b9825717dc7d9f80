import { metric } from '../abi/call';
import { COUNTER, GAUGE } from '../abi/types';

export let faulted: u32 = 0;
export let delayed: u32 = 0;
export let aborted: u32 = 0;
export let reset: u32 = 0;
export let excepted: u32 = 0;
export let stalled: u32 = 0;
export let truncated: u32 = 0;
export let mutated: u32 = 0;
export let unmutated: u32 = 0;
export let tooLarge: u32 = 0;
export let expired: u32 = 0;
export let refused: u32 = 0;
export let gone: u32 = 0;
export let active: u32 = 0;
export let waiting: u32 = 0;
export let configured: u32 = 0;

/** First of the counters by kind of mutation, which follow each other in the order of `kinds.ts`. */
const kindIds: usize = memory.data(64, 8);

export function mutatedKind(kind: u32): u32 {
  return load<u32>(kindIds + ((<usize>kind) << 2));
}

let defined = false;

/** Once per VM: a metric defined again takes a new id in the host each time. */
export function defineMetrics(): void {
  if (defined) return;
  defined = true;
  faulted = metric(COUNTER, 'umbra_chaos_faulted');
  delayed = metric(COUNTER, 'umbra_chaos_injected_delay');
  aborted = metric(COUNTER, 'umbra_chaos_injected_abort');
  reset = metric(COUNTER, 'umbra_chaos_injected_reset');
  excepted = metric(COUNTER, 'umbra_chaos_injected_exception');
  stalled = metric(COUNTER, 'umbra_chaos_injected_stall');
  truncated = metric(COUNTER, 'umbra_chaos_injected_truncate');
  mutated = metric(COUNTER, 'umbra_chaos_mutated');
  unmutated = metric(COUNTER, 'umbra_chaos_mutate_no_fit');
  tooLarge = metric(COUNTER, 'umbra_chaos_mutate_too_large');
  expired = metric(COUNTER, 'umbra_chaos_expired');
  refused = metric(COUNTER, 'umbra_chaos_over_max_active');
  gone = metric(COUNTER, 'umbra_chaos_gone_while_waiting');
  active = metric(GAUGE, 'umbra_chaos_active');
  waiting = metric(GAUGE, 'umbra_chaos_waiting');
  configured = metric(COUNTER, 'umbra_chaos_configured');
  store<u32>(kindIds, metric(COUNTER, 'umbra_chaos_mutated_number_jitter'));
  store<u32>(kindIds + 4, metric(COUNTER, 'umbra_chaos_mutated_boundary'));
  store<u32>(kindIds + 8, metric(COUNTER, 'umbra_chaos_mutated_string_edit'));
  store<u32>(kindIds + 12, metric(COUNTER, 'umbra_chaos_mutated_drop'));
  store<u32>(kindIds + 16, metric(COUNTER, 'umbra_chaos_mutated_duplicate'));
  store<u32>(kindIds + 20, metric(COUNTER, 'umbra_chaos_mutated_swap'));
  store<u32>(kindIds + 24, metric(COUNTER, 'umbra_chaos_mutated_type_change'));
  store<u32>(kindIds + 28, metric(COUNTER, 'umbra_chaos_mutated_null'));
  store<u32>(kindIds + 32, metric(COUNTER, 'umbra_chaos_mutated_raw'));
}
