import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Row, table, writeRows } from '../lib/rows.ts';
import { addHeaderCase } from './cases/add-header.ts';
import { badShadowCase } from './cases/bad-shadow.ts';
import { delayCase } from './cases/delay.ts';
import { liveChaosCase, liveMirrorCase } from './cases/live-streams.ts';
import { memoryCase } from './cases/memory.ts';
import { memoryEnvoyCase } from './cases/memory-envoy.ts';
import { mirrorBothCase, mirrorCase } from './cases/mirror.ts';
import { mutationCase } from './cases/mutation.ts';
import { mutationAloneCase } from './cases/mutation-alone.ts';
import { revivalCase } from './cases/revival.ts';
import { sizeCase } from './cases/size.ts';
import { byHeaderCase, bySessionCase, byWeightCase } from './cases/unsampled.ts';
import { BENCH } from './figures.ts';
import type { Case, Options } from './options.ts';

// npm run bench:filters [-- --case NAME]… [--rounds N] [--json FILE] [--quick]: what the filters cost, beside no filter, Envoy's
// own filters, Lua and a filter of the Rust SDK, in turns in one run on one Envoy worker.

const cases: Record<string, Case> = {
  weight: byWeightCase,
  header: byHeaderCase,
  session: bySessionCase,
  'add-header': addHeaderCase,
  mirror: mirrorCase,
  'mirror-both': mirrorBothCase,
  mutation: mutationCase,
  'mutation-alone': mutationAloneCase,
  delay: delayCase,
  'live-mirror': liveMirrorCase,
  'live-chaos': liveChaosCase,
  memory: memoryCase,
  'memory-envoy': memoryEnvoyCase,
  'bad-shadow': badShadowCase,
  revival: revivalCase,
  size: sizeCase,
};

const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '16' },
    requests: { type: 'string' },
    changes: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`bench:filters [--case NAME]… [--rounds N] [--seconds S] [--connections N] [--requests N] [--changes N] [--quick] [--json FILE]
  --case         ${Object.keys(cases).join(', ')}; default all
  --rounds       turns of each contender; default 7
  --seconds      of a turn; default 2
  --connections  that keep one request under way each; default 16
  --requests, --changes  of the memory case; default 5000000 and 10000
  --quick        2 rounds of half a second, 200000 requests, 400 changes: to see that it works
  --json         writes the rows there`);
  process.exit(0);
}

function number(name: string, given: string | undefined, usual: number, quick = usual): number {
  const value = given === undefined ? (values.quick ? quick : usual) : Number(given);
  if (value > 0) return value;
  console.error(`--${name} ${given}: must be a number above 0`);
  process.exit(2);
}

const options: Options = {
  rounds: number('rounds', values.rounds, 7, 2),
  seconds: number('seconds', values.seconds, 2, 0.5),
  connections: number('connections', values.connections, 16),
  requests: number('requests', values.requests, 5_000_000, 200_000),
  changes: number('changes', values.changes, 10_000, 400),
  say: (line) => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`),
};
const wanted = values.case ?? Object.keys(cases);
const unknown = wanted.filter((name) => !Object.hasOwn(cases, name));
if (unknown.length > 0) {
  console.error(`--case ${unknown.join(', ')}: there is ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}

/** A case that fails is a row that says so: the others go on. */
async function rowsOfCase(name: string): Promise<Row[]> {
  options.say(name);
  try {
    return await cases[name]!(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ bench: BENCH, case: name, measure: 'all', unit: '', skipped: why }];
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const rows: Row[] = [];
for (const name of wanted) {
  const found = await rowsOfCase(name);
  rows.push(...found);
  console.log(`\n${table(found)}\n`);
  // Kept after each case: a run that is stopped has what it measured.
  if (values.json) writeRows(resolve(values.json), rows, { options });
}
if (values.json) console.log(resolve(values.json));
