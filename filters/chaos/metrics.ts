import { defineAll, isDefined } from '../lib/metrics';
import { COUNTER, GAUGE } from '../abi/types';

// Numbers of the metrics, in the order of the names below; docs/filters.md says what each counts.
export const FAULTED: u32 = 0;
export const INJECTED_DELAY: u32 = 1;
export const INJECTED_ABORT: u32 = 2;
export const INJECTED_RESET: u32 = 3;
export const INJECTED_EXCEPTION: u32 = 4;
export const INJECTED_STALL: u32 = 5;
export const INJECTED_TRUNCATE: u32 = 6;
export const MUTATED: u32 = 7;
export const MUTATE_NO_FIT: u32 = 8;
export const MUTATE_TOO_LARGE: u32 = 9;
export const EXPIRED: u32 = 10;
export const OVER_MAX_ACTIVE: u32 = 11;
export const GONE_WHILE_WAITING: u32 = 12;
export const CONFIGURED: u32 = 13;
export const MUTATED_NUMBER_JITTER: u32 = 14;
export const MUTATED_BOUNDARY: u32 = 15;
export const MUTATED_STRING_EDIT: u32 = 16;
export const MUTATED_DROP: u32 = 17;
export const MUTATED_DUPLICATE: u32 = 18;
export const MUTATED_SWAP: u32 = 19;
export const MUTATED_TYPE_CHANGE: u32 = 20;
export const MUTATED_NULL: u32 = 21;
export const MUTATED_RAW: u32 = 22;
export const MUTATED_QUERY: u32 = 23;
export const MUTATED_HEADERS: u32 = 24;
export const ACTIVE: u32 = 25;
export const WAITING: u32 = 26;

/** A kind of mutation's counter: they follow each other in the order of kinds.ts. */
@inline
export function mutatedKind(kind: u32): u32 {
  return MUTATED_NUMBER_JITTER + kind;
}

export const PREFIX = 'umbra_chaos_';

export function defineMetrics(): void {
  if (isDefined()) return;
  defineAll(
    COUNTER,
    PREFIX,
    words`faulted injected_delay injected_abort injected_reset injected_exception injected_stall injected_truncate mutated mutate_no_fit mutate_too_large expired over_max_active gone_while_waiting configured mutated_number_jitter mutated_boundary mutated_string_edit mutated_drop mutated_duplicate mutated_swap mutated_type_change mutated_null mutated_raw mutated_query mutated_headers`,
  );
  defineAll(GAUGE, PREFIX, words`active waiting`);
}
