import { statSync } from 'node:fs';
import { modulePath } from '../../../test/filters/modules.ts';
import type { Row } from '../../lib/rows.ts';
import { buildExample } from '../example.ts';
import { BENCH } from '../figures.ts';
import type { Case } from '../options.ts';
import { buildRust } from '../peers/rust.ts';
import { skippedRust } from '../skipped.ts';

const NAME = 'module size';
const KIB = 1024;

/** The modules as they are shipped. The Rust peer holds all the work of this bench, and that is less than mirror's. */
export const sizeCase: Case = async (options) => {
  const rust = buildRust(options.say);
  const peers: Record<string, number> = 'path' in rust ? { 'Rust SDK': statSync(rust.path).size / KIB } : {};
  const row = (name: string, bytes: number, most?: number): Row => ({
    bench: BENCH,
    case: NAME,
    measure: name,
    unit: 'KiB',
    ours: bytes / KIB,
    peers,
    ...(most === undefined ? {} : { target: `≤ ${most}`, met: bytes <= most * KIB }),
  });
  return [
    row('mirror', statSync(modulePath('mirror')).size, 24),
    row('chaos', statSync(modulePath('chaos')).size, 32),
    row('the filter of docs/new-filter.md', buildExample().bytes),
    ...skippedRust(NAME, rust),
  ];
};
