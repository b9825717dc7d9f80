import type { Row } from '../lib/rows.ts';
import { BENCH } from './figures.ts';
import type { Built } from './peers/rust.ts';

/** A row that says why a case went without the Rust peer; none if it did not. */
export function skippedRust(name: string, rust: Built): Row[] {
  if (!('skipped' in rust)) return [];
  return [{ bench: BENCH, case: name, measure: 'Rust SDK', unit: '', skipped: rust.skipped }];
}
