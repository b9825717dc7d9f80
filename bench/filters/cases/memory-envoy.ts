import { setTimeout as sleep } from 'node:timers/promises';
import { httpGet } from '../../../test/filters/envoy-process.ts';
import { HeldStreams, startSilent } from '../../lib/held-streams.ts';
import { closedLoop } from '../../lib/load.ts';
import { startOrigin } from '../../lib/origin.ts';
import { residentBytes } from '../../lib/process.ts';
import type { Row } from '../../lib/rows.ts';
import { requestOf } from '../../lib/wire.ts';
import { DiscoveredFilter } from '../discovered.ts';
import { BENCH, OURS } from '../figures.ts';
import { chaos, mirror } from '../http-filters.ts';
import type { Case, Options } from '../options.ts';
import { jsonOf } from '../payloads.ts';
import { type Envoy, proxied, startProxy } from '../proxy.ts';

const MIB = 2 ** 20;
/** Of what the memory case does in Node: a proxy takes longer. */
const PART = 10;
const SETTLED = { requests: 50_000, changes: 100 };
const SLICE_MS = 500;
const CONNECTIONS = 4;
const HELD = 32;
const JSON_TYPE = { 'content-type': 'application/json', authorization: 'Bearer 0b5e7f3a9c1d4e2f8a6b' };
const requests = [
  requestOf('GET', '/orders/17?token=abc', { cookie: 'sid=6f1c2a9be04d4b7d' }),
  requestOf('POST', '/orders', JSON_TYPE, jsonOf(1024)),
  requestOf('POST', '/orders/bulk', JSON_TYPE, jsonOf(20_000)),
  requestOf('POST', '/login', { 'content-type': 'application/x-www-form-urlencoded' }, 'user=ann&password=x&n=1'),
];

/** One of several configurations of each filter. */
const mirrorNow = (n: number) => mirror({ generation: n, twicePercent: n % 3, redact: { emails: n % 2 === 0 } });
const chaosNow = (n: number) =>
  chaos({ seed: n, share: 0.5, mutate: { on: n % 2 === 0 ? 'response' : 'request', ops: 1 + (n % 4) } });

/** Memory of the proxy, bytes: what its allocator has given out, and what it holds of the machine's. */
async function memoryOf(proxy: Envoy): Promise<{ allocated: number; resident: number }> {
  // Old configurations go once their last stream is gone and every thread has let go of them.
  await sleep(2000);
  const { allocated } = JSON.parse(await httpGet(proxy.envoy.admin, '/memory')) as { allocated: string };
  return { allocated: Number(allocated), resident: residentBytes(proxy.envoy.pid) };
}

/** Requests of mixed kinds until `total` are answered, the configuration changing every so many, with streams in flight. */
async function run(
  proxy: Envoy,
  filters: { mirror: DiscoveredFilter; chaos: DiscoveredFilter },
  total: number,
  changes: number,
  say: Options['say'],
): Promise<void> {
  const port = proxy.port(OURS);
  let answered = 0;
  let changed = 0;
  let told = 0;
  while (answered < total) {
    const held = new HeldStreams(port, { ':method': 'POST', ':path': '/held', 'content-type': 'application/json' });
    await held.grow(HELD);
    const load = Promise.all(requests.map((request) => closedLoop(port, request, CONNECTIONS, SLICE_MS)));
    load.catch(() => {}); // Told when it is awaited.
    const due = Math.max(0, Math.round((changes * Math.min(total, answered)) / total) - changed);
    for (let i = 0; i < due; i++) {
      filters.mirror.change(mirrorNow(++changed));
      filters.chaos.change(chaosNow(changed));
      await sleep(SLICE_MS / (due + 1));
    }
    for (const loaded of await load) answered += loaded.answers;
    await held.close();
    if (answered - told > 50_000) {
      told = answered;
      say(`  ${answered} of ${total} requests, ${changed} changes`);
    }
  }
}

/** What the whole proxy has grown by with both filters in it, a tenth as long as the modules alone are run in Node. */
export const memoryEnvoyCase: Case = async (options) => {
  const filters = {
    mirror: new DiscoveredFilter('mirror', mirrorNow(0)),
    chaos: new DiscoveredFilter('chaos', chaosNow(0)),
  };
  const [origin, silent] = await Promise.all([startOrigin(jsonOf(1024)), startSilent()]);
  const routes = [{ match: { prefix: '/held' }, route: { cluster: 'silent', timeout: '0s' } }, ...proxied()];
  const proxy = await startProxy(
    [{ name: OURS, routes, filters: [filters.mirror.filter, filters.chaos.filter] }],
    [
      { name: 'production', port: origin.port },
      { name: 'shadow', port: origin.port },
      { name: 'silent', port: silent.port, http2: true },
    ],
  );
  try {
    await run(proxy, filters, SETTLED.requests, SETTLED.changes, options.say);
    const before = await memoryOf(proxy);
    const [total, changes] = [options.requests / PART, options.changes / PART];
    await run(proxy, filters, total, changes, options.say);
    const after = await memoryOf(proxy);
    const reloads = await proxy.envoy.stats('config_reload');
    const note = `after ${SETTLED.requests} requests and ${SETTLED.changes} changes, ${total} and ${changes} more; Envoy took ${Object.values(reloads).reduce((a, b) => a + b, 0)} configurations in all`;
    const row = (measure: string, of: 'allocated' | 'resident'): Row => ({
      bench: BENCH,
      case: 'memory, in Envoy',
      measure,
      unit: 'MiB',
      ours: (after[of] - before[of]) / MIB,
      note: `${note}; ${(before[of] / MIB).toFixed(1)} MiB then`,
    });
    return [row('allocated, grown', 'allocated'), row('resident, grown', 'resident')];
  } finally {
    await proxy.stop();
    await Promise.all([origin.stop(), silent.stop()]);
    for (const filter of Object.values(filters)) filter.remove();
  }
};
