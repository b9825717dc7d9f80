/**
 * Random but valid updates against a real Envoy under load, streams lost and the control plane killed in between; more of them
 * than the tests have time for: `node scripts/xds-soak.ts --updates 10000 --seed 1`. ENVOY_BIN chooses another Envoy. Exits 1
 * when a request broke, an update was refused or an acknowledgement is missing.
 */
import { parseArgs } from 'node:util';
import { soak, unacknowledged } from '../test/xds/soak/soak.ts';

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    protocol: { type: 'string', default: 'delta' },
    kills: { type: 'string' },
    cuts: { type: 'string' },
    users: { type: 'string', default: '8' },
    'pause-ms': { type: 'string', default: '10' },
    'validate-every': { type: 'string', default: '250' },
    json: { type: 'boolean', default: false },
  },
});

function number(name: keyof typeof values, text = values[name]): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name} ${text}: must be a whole number above 0`);
  process.exit(2);
}
if (values.protocol !== 'delta' && values.protocol !== 'sotw') {
  console.error(`--protocol ${values.protocol}: must be delta or sotw`);
  process.exit(2);
}
const updates = number('updates');
const began = performance.now();
const report = await soak({
  updates,
  seed: number('seed'),
  protocol: values.protocol,
  kills: number('kills', values.kills ?? String(Math.ceil(updates / 1000))),
  cuts: number('cuts', values.cuts ?? String(Math.ceil(updates / 100))),
  users: number('users'),
  pauseMs: number('pause-ms'),
  validateEvery: number('validate-every'),
  onProgress: (line) => console.error(line),
  onBroken: ({ target, status, text }) => console.error(`broken: ${target}: ${status} ${text}`),
});
const missing = unacknowledged(report);
if (values.json) console.log(JSON.stringify(report, undefined, 2));
else {
  const { counted, excused, broken, troubles, settled, slowestMs, kills, cuts, validated, rejected, planes } = report;
  const of = (key: 'pushes' | 'acks' | 'nacks' | 'lost') => planes.reduce((sum, p) => sum + p[key], 0);
  console.log(
    `${updates} updates in ${Math.round((performance.now() - began) / 1000)} s, ${settled} of them awaited, at most ${slowestMs} ms`,
  );
  console.log(`${cuts} streams lost, ${kills} times killed; ${validated} states shown to envoy --mode validate`);
  console.log(
    `${of('pushes')} answers, ${of('acks')} acknowledged, ${of('lost')} lost with streams, ${of('nacks')} refused; Envoy counts ${rejected}`,
  );
  console.log(`last control plane: ${missing} unacknowledged, heap ${Math.round(planes.at(-1)!.heapBytes / 1e6)} MB`);
  console.log(`${counted} requests, ${broken.length} broken (and ${excused} to what went meanwhile)`);
  for (const t of troubles.slice(0, 20)) console.log(`  ${t}`);
}
process.exitCode = report.broken.length + report.troubles.length + report.rejected + missing > 0 ? 1 : 0;
