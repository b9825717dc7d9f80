import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Mitigation } from '../../control-plane/mesh/mitigation.ts';
import { KeptRuns, keptRunsOptions } from '../lib/kept-runs.ts';
import { table, writeRows } from '../lib/rows.ts';
import { type Contender, contenders } from './contenders.ts';
import { fixedConfiguration } from './fixed.ts';
import { type Run, runOnce } from './run.ts';
import { startShop } from './shop.ts';
import { rowsOf, verdicts } from './summary.ts';
import { umbraAt } from './umbra.ts';

// npm run bench:recovery -- [--runs N] [--trouble NAME]… [--contender NAME]… [--learn MINUTES] [--json FILE]
// Every run is appended to FILE.runs as it ends; started again with the same FILE it goes on where it stopped.

const TROUBLES = [
  'payments-slow',
  'error-burst',
  'replica-hang',
  'retry-storm',
  'traffic-spike',
  'cpu-burn',
  'bad-feed',
  'bad-replica',
];
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    trouble: { type: 'string', multiple: true },
    contender: { type: 'string', multiple: true },
    learn: { type: 'string', default: '10' },
    'peer-runs': { type: 'string' },
    seconds: { type: 'string', default: '35' },
    rate: { type: 'string', default: '24' },
    ...keptRunsOptions('bench/results/recovery.json'),
  },
});
if (values.help) {
  console.log(
    'bench:recovery [--runs 5] [--trouble NAME]… [--contender umbra|none|fixed|random]… [--learn MINUTES] [--peer-runs N] [--seconds 35] [--json FILE] [--fresh]',
  );
  process.exit(0);
}
const troubles = values.trouble ?? TROUBLES;
const who = (values.contender as Contender[] | undefined) ?? [...contenders];
const kept = new KeptRuns<Run>(values);
const { runs } = kept;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`);
const shop = await startShop(Number(values.rate), () => {});
const umbra = umbraAt(shop.ready);
say(`the shop runs, dashboard ${shop.ready.dashboard}`);
let fixed: readonly Mitigation[] = [];
try {
  const until = Date.now() + Number(values.learn) * 60_000;
  await umbra.cancelAll();
  await umbra.decider('learned');
  while (Date.now() < until && !stopping.signal.aborted) {
    await sleep(Math.min(30_000, until - Date.now()), undefined, { signal: stopping.signal }).catch(() => {});
    const patterns = await umbra.patterns();
    say(
      `learning in the shadow: ${patterns.filter((p) => p.status === 'trusted').length} trusted patterns of ${patterns.length}`,
    );
  }
  fixed = fixedConfiguration(await umbra.topology());
  const peers = Number(values['peer-runs'] ?? values.runs);
  const roundsOf = (contender: Contender) => (contender === 'umbra' ? Number(values.runs) : peers);
  const total = troubles.length * who.reduce((n, contender) => n + roundsOf(contender), 0);
  // Contenders take turns within a round, so that what the machine does meanwhile hits all alike.
  for (let round = 0; round < Number(values.runs); round++) {
    for (const trouble of troubles) {
      for (const contender of who) {
        if (stopping.signal.aborted) break;
        if (round >= roundsOf(contender)) continue;
        if (runs.filter((r) => r.trouble === trouble && r.contender === contender).length > round) continue;
        const run = await runOnce(shop, umbra, {
          trouble,
          contender,
          fixed,
          troubleMs: Number(values.seconds) * 1000,
          protectedOnly: trouble === 'traffic-spike',
        });
        kept.add(run);
        const seconds = (x: number) => (Number.isFinite(x) ? `${x.toFixed(1)} s` : 'never');
        say(
          `${runs.length}/${total} ${trouble} ${contender}: worst ${(100 * run.worst).toFixed(0)}%, detected ${seconds(run.detectedAfter)}, recovered ${seconds(run.recoveredAfter)}${run.plan.length > 0 ? `, ${run.source}: ${run.plan.join(' → ')}` : ''}`,
        );
      }
    }
  }
} finally {
  await shop.stop();
}
const rows = rowsOf(runs);
writeRows(kept.file, rows, { fixed, verdicts: verdicts(runs), runs });
console.log(`\n${table(rows)}\n\n${verdicts(runs).join('\n')}\n\n${kept.file}`);
