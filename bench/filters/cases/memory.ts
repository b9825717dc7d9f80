import type { FilterRole } from '../../../filters/config.ts';
import type { Row } from '../../lib/rows.ts';
import { BENCH } from '../figures.ts';
import { Mixture } from '../mixture.ts';
import type { Case, Options } from '../options.ts';

const PAGE = 65_536;
/** From here on memory may not grow by more than a page. */
const SETTLED = { requests: 50_000, changes: 100 };

/** Runs `requests` more, the configuration changing `changes` times meanwhile. */
function run(mixture: Mixture, requests: number, changes: number, done: (share: number) => void): void {
  const every = requests / changes;
  let changed = 0;
  for (let i = 1; i <= requests; i++) {
    mixture.request();
    for (; changed < Math.floor(i / every); changed++) mixture.change();
    if (i % 250_000 === 0) done(i / requests);
  }
}

function grown(role: FilterRole, options: Options): Row {
  const mixture = new Mixture(role);
  run(mixture, SETTLED.requests, SETTLED.changes, () => {});
  const settled = mixture.host.size;
  run(
    mixture,
    Math.max(1, options.requests - SETTLED.requests),
    Math.max(1, options.changes - SETTLED.changes),
    (share) => options.say(`  ${role}: ${Math.round(100 * share)}%, ${mixture.host.size / 1024} KiB`),
  );
  const by = mixture.host.size - settled;
  return {
    bench: BENCH,
    case: 'memory',
    measure: `${role}, grown after ${SETTLED.requests} requests and ${SETTLED.changes} changes`,
    unit: 'KiB',
    ours: by / 1024,
    target: '≤ 64',
    met: by <= PAGE,
    note: `${settled / 1024} KiB then; ${options.requests} requests of mixed kinds and ${options.changes} changes in all, up to 64 streams in flight; linear memory of the module in Node's V8`,
  };
}

/** What each module's memory has grown by in the long run. */
export const memoryCase: Case = async (options) => [grown('mirror', options), grown('chaos', options)];
