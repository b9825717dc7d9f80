/**
 * A control plane of two parts: it serves both worlds and does as it is told over a Unix socket of its own, one JSON line each.
 * The real one decides for itself; what the supervisor and the worlds do is the same.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connectLocal, serveLocal } from '../../../control-plane/main/local.ts';
import { comparisons } from '../../../control-plane/main/mirror-status.ts';
import { wallClock } from '../../../control-plane/mesh/clock.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import type { HealthyState } from '../../../control-plane/mesh/snapshot.ts';
import { createFidelity } from '../../../control-plane/shadow/fidelity.ts';
import { readLines } from '../../../control-plane/worlds/local/rpc.ts';

const run = process.argv[process.argv.indexOf('--run') + 1]!;
const log = (level: string) => (fields: object, message: string) => {
  const error = (fields as { err?: Error }).err;
  console.log(level, message, JSON.stringify(fields), error?.stack ?? '');
};
const logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };
let healthy: HealthyState | undefined;

/** Leases in a file, so that they are there after a kill. */
const file = join(run, 'leases.json');
const kept: Record<string, Record<string, Lease>> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const store = {
  leases(world: string) {
    kept[world] ??= {};
    const all = kept[world];
    const save = () => writeFileSync(file, JSON.stringify(kept));
    return {
      put(lease: Lease) {
        all[lease.id] = lease;
        save();
      },
      list: () => Object.values(all),
      delete(id: string) {
        delete all[id];
        save();
      },
    };
  },
};

const local = await serveLocal(await connectLocal(run), {
  logger,
  clock: wallClock,
  store,
  identifier: 'test',
  onAudit: (e) => logger.warn(e, 'audit'),
  healthy: () => healthy,
});
const { supervisor, worlds, xds, collectors } = local;

const end = new AbortController();
const fidelity = createFidelity(() => worlds.comparedRoutes());
async function watch(): Promise<void> {
  for await (const window of worlds.production.observe(end.signal))
    fidelity.record(window, worlds.shadow?.latest(), false, comparisons(collectors.production.totals().filters));
}
const watching = watch();

const commands: Record<string, (argument: never) => unknown> = {
  apply: (lease: never) => worlds.production.apply(lease),
  applyShadow: (lease: never) => worlds.shadow?.apply(lease),
  inject: (lease: never) => worlds.shadow?.inject(lease),
  remove: (id: never) => worlds.production.remove(id),
  clear: (id: never) => worlds.shadow?.remove(id),
  faultState: (id: never) => supervisor.call('faultState', { id }),
  snapshotState: () => worlds.shadow?.snapshotState(),
  resetState: () => worlds.shadow?.resetState(),
  mirrorShare: (share: never) => worlds.mirrorShare(share),
  machine: () => worlds.machine(),
  denied: () => ({ ...worlds.denied(), targets: worlds.deniedTargets() }),
  healthy: (state: never) => {
    healthy = state;
  },
  describe: () => supervisor.call('describe', {}),
  latest: () => ({ production: worlds.production.latest(), shadow: worlds.shadow?.latest() }),
  health: () => ({ production: worlds.production.health(), shadow: worlds.shadow?.health() }),
  capabilities: () => {
    const c = worlds.shadow?.capabilities();
    return { faults: [...(c?.faults ?? [])], missing: c?.missing };
  },
  leases: () => ({ production: worlds.production.leases(), shadow: worlds.shadow?.leases() }),
  xds: () => ({ ...xds.counters }),
  fidelity: () => fidelity.read(),
  totals: () => ({ production: collectors.production.totals(), shadow: collectors.shadow?.totals() }),
};
const socket = join(run, 'test.sock');
rmSync(socket, { force: true });
createServer((peer) => {
  peer.on('error', () => {});
  readLines(peer, async (line) => {
    const { do: what, argument } = JSON.parse(line) as { do: string; argument: never };
    try {
      peer.write(`${JSON.stringify({ result: (await commands[what]!(argument)) ?? null })}\n`);
    } catch (e) {
      peer.write(`${JSON.stringify({ error: String((e as Error).stack) })}\n`);
    }
  });
}).listen(socket, () => void supervisor.call('ready', { dashboard: 'none', api: `unix:${socket}` }));
process.once('SIGTERM', async () => {
  end.abort();
  await watching;
  await local.close();
  process.exit(0);
});
