import { parseArgs } from 'node:util';
import { KeptRuns, keptRunsOptions } from '../lib/kept-runs.ts';
import { table, writeRows } from '../lib/rows.ts';
import { makeCertificates } from './certificates.ts';
import { estimate, open, planOf } from './plan.ts';
import type { Contender } from './servers.ts';
import { buildPeers, contenders } from './servers.ts';
import { runSession } from './session.ts';
import type { Run } from './summary.ts';
import { chosen, rowsOf } from './summary.ts';

// npm run bench:xds: time to the last acknowledgement, CPU, memory and bytes of management servers, side by side.

const USAGE = `bench:xds [options]
  --streams N,N,…    how many streams (100,1000,4000)
  --rounds N         rounds; contenders take turns within each (5)
  --case NAME        only this case, "delta 1000" say; may be repeated
  --contender NAME   only umbra, gcp-linear, gcp-snapshot or go-shared; may be repeated
  --warm-up N        changes before any is kept (20)
  --updates N        kept updates of each kind in a session (30)
  --reconnects N     kept reconnections in a session (2)
  --endurance N      updates of the endurance case (10000), which is run once
  --minutes N        begin no session after so long; the next start goes on from there
  --json FILE        where the rows go (bench/results/xds.json)
  --fresh            forget the runs that FILE.runs keeps
Every run is appended to FILE.runs as it ends; started again with the same FILE it goes on where it stopped.`;

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '100,1000,4000' },
    rounds: { type: 'string', default: '5' },
    case: { type: 'string', multiple: true },
    contender: { type: 'string', multiple: true },
    'warm-up': { type: 'string', default: '20' },
    updates: { type: 'string', default: '30' },
    reconnects: { type: 'string', default: '2' },
    endurance: { type: 'string', default: '10000' },
    minutes: { type: 'string' },
    ...keptRunsOptions('bench/results/xds.json'),
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
if (process.platform !== 'linux') {
  console.log('bench:xds reads CPU and memory of processes from /proc and so runs on Linux only');
  process.exit(0);
}

const cases = chosen(values.streams.split(',').map(Number), values.case);
const wanted = (values.contender as Contender[] | undefined) ?? contenders;
const repeats = {
  warmUp: Number(values['warm-up']),
  updates: Number(values.updates),
  reconnects: Number(values.reconnects),
  endurance: Number(values.endurance),
  siegeMs: 10_000,
};
const kept = new KeptRuns<Run>(values);
const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`);

say('building the peers');
const built = buildPeers();
const skipped: Record<string, string> = {};
if ('missing' in built) {
  say(`SKIPPED: go-control-plane and the Go server, because ${built.missing}`);
  for (const contender of wanted) if (contender !== 'umbra') skipped[contender] = built.missing;
}
const peers = 'binary' in built ? built.binary : '';

/** How a run went, in a few words: its last acknowledgements and memory. */
function told({ figures, failed }: Pick<Run, 'figures' | 'failed'>): string {
  if (!figures) return ` FAILED: ${failed}`;
  const main = figures.filter((f) => f.measure.endsWith('last ACK') || f.unit === '×' || f.unit === 'KiB');
  return `: ${main.map((f) => `${f.measure} ${f.value.toFixed(1)} ${f.unit}`).join(', ')}`;
}

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopping = true;
    say('stopping after this run');
  });
const plan = planOf(
  cases,
  Number(values.rounds),
  wanted.filter((contender) => !skipped[contender]),
);

/** How far the bench is, and how long the rest will take as far as that is known. */
function progress(): string {
  const left = open(plan, kept.runs);
  const { seconds, unknown } = estimate(left, kept.runs);
  const unknowns = unknown > 0 ? ` and ${unknown} sessions whose time is not known yet` : '';
  return `${plan.length - left.length}/${plan.length}, to go: ${(seconds / 60).toFixed(0)} min${unknowns}`;
}

const endsAt = performance.now() + Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000;
say(progress());
for (const { case: c, contender, round } of open(plan, kept.runs)) {
  if (stopping || performance.now() > endsAt) break;
  const startedAt = performance.now();
  const certificates = c.tls ? await makeCertificates() : undefined;
  const outcome = await runSession(contender, c, { peers, repeats, certificates }).then(
    (figures) => ({ figures }),
    (error: Error) => ({ failed: error.message }),
  );
  await certificates?.discard();
  const seconds = (performance.now() - startedAt) / 1000;
  kept.add({ case: c.name, contender, round, seconds, ...outcome });
  say(`${c.name} ${contender}${told(outcome)} (${seconds.toFixed(1)} s; ${progress()})`);
}
const rows = rowsOf(cases, kept.runs, skipped);
writeRows(kept.file, rows);
console.log(`\n${table(rows)}\n\n${kept.file}`);
