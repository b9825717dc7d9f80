/** How a running Envoy takes new configurations of mirror: good ones, wrong ones, and one that revives a module that trapped. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MirrorWatch } from '../../control-plane/worlds/local/mirror-watch.ts';
import type { MirrorConfig } from '../../filters/config.ts';
import { withTrap } from './answers.ts';
import { WatchedFilter } from './ecds.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import { counted, says, shows } from './envoy-world.ts';
import { modulePath } from './harness.ts';
import { type Service, send, serve } from './services.ts';

const bin = findEnvoy();
const skip = bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH';
const dir = mkdtempSync(join(tmpdir(), 'umbra-trap-'));
const module = join(dir, 'mirror.wasm');
const filter = new WatchedFilter('umbra.mirror', 'mirror', module);

let envoy: RunningEnvoy;
let production: Service;
let shadow: Service;
/** Answers to /slow wait here. */
const waiting: ServerResponse[] = [];
let generation = 0;

/** Publishes a configuration of the next generation. */
function publish(config: Partial<MirrorConfig>): void {
  filter.publish({
    generation: ++generation,
    percent: 100,
    pseudonymKey: '0'.repeat(32),
    heartbeatMs: 20,
    ...config,
  });
}

before(async () => {
  if (!bin) return;
  writeFileSync(module, withTrap(readFileSync(modulePath('mirror')), 'proxy_on_request_body'));
  production = await serve((received, res) => {
    if (received.url === '/slow') waiting.push(res);
    else res.end('ok');
  });
  shadow = await serve((_, res) => res.end('ok'));
  publish({ cluster: 'shadow' });
  envoy = await startEnvoy(
    bin,
    bootstrap(
      [listener('in', 'production', [filter.filter])],
      [cluster('production', production.port), cluster('shadow', shadow.port)],
    ),
  );
});

after(async () => {
  await envoy?.stop();
  await Promise.all([production?.stop(), shadow?.stop()]);
  filter.remove();
  rmSync(dir, { recursive: true, force: true });
});

async function stat(name: string): Promise<number> {
  return (await envoy.stats(name))[name] ?? 0;
}

const reaches = (name: string, n: number) => counted(envoy, name, n);

const VIRTUAL_MACHINES = 'wasm.envoy.wasm.runtime.v8.active';

/** The control plane's watch over this proxy; each report is a second of its clock. */
function watch() {
  let now = 0;
  let revivals = 0;
  let beat = 0;
  let offered = 0;
  const watched = new MirrorWatch({
    // It looks when told to.
    clock: { now: () => now, sleep: () => new Promise(() => {}) },
    collector: {
      filterStat: () => beat,
      heardAt: () => now,
      totals: () => ({ offered, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0, filters: {}, edges: {} }),
    },
    node: 'in',
    share: () => 1,
    revive: () => {
      revivals++;
      publish({ cluster: 'shadow' });
    },
    onNote: () => {},
  });
  return {
    revivals: () => revivals,
    alive: () => watched.alive,
    async report() {
      now += 1000;
      [beat, offered] = await Promise.all([stat('umbra_mirror_heartbeat'), stat('http.in.downstream_rq_total')]);
      watched.look();
    },
  };
}

const refused = filter.counter('config_fail');

test('a new configuration takes the place of the old one', { skip }, async () => {
  await send(envoy.ports.in!, '/a');
  await shadow.arrived(1);
  const configured = await stat('umbra_mirror_configured');
  publish({ cluster: 'shadow', authority: 'second.example' });
  await reaches('umbra_mirror_configured', configured + 1);
  await reaches(filter.counter('config_reload'), 2);
  await send(envoy.ports.in!, '/b');
  await shadow.arrived(2);
  assert.equal(shadow.received[1]?.headers.host, 'second.example');
});

test('a wrong one is refused and the one before stays in force', { skip }, async () => {
  const before = await stat(refused);
  publish({ percent: 1000, cluster: 'shadow' });
  await reaches(refused, before + 1);
  await says(envoy, /umbra mirror: configuration refused: percent/);
  assert.equal((await send(envoy.ports.in!, '/c')).status, 200);
  await shadow.arrived(3);
  assert.equal(shadow.received[2]?.headers.host, 'second.example');
});

test('a trap with fifty requests in flight changes no answer; the watch notices and revives the module', {
  skip,
}, async () => {
  const machines = await stat(VIRTUAL_MACHINES);
  assert.ok(machines > 0);
  const watched = watch();
  await watched.report();
  // As many copies may be in flight as were answered.
  const compared = await stat('umbra_mirror_compared');
  for (let i = 0; i < 50; i++) await send(envoy.ports.in!, '/g');
  await reaches('umbra_mirror_compared', compared + 50);
  const copies = shadow.received.length;
  const slow = Array.from({ length: 50 }, () => send(envoy.ports.in!, '/slow'));
  await shadow.arrived(copies + 50);
  await production.arrived(production.received.length + 50 - waiting.length);
  // Every body traps in this build.
  const trapped = await send(envoy.ports.in!, '/d', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  assert.equal(trapped.status, 200);
  assert.equal(production.received.find((r) => r.url === '/d')?.body, '{"a":1}');
  for (const res of waiting.splice(0)) res.end('late');
  assert.deepEqual(
    (await Promise.all(slow)).map((a) => [a.status, a.body]),
    Array(50).fill([200, 'late']),
  );
  // Dead: requests pass, nothing is copied, the heart stands still.
  const dead = shadow.received.length;
  const beats = await stat('umbra_mirror_heartbeat');
  for (let i = 0; i < 5; i++) assert.equal((await send(envoy.ports.in!, '/e')).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await stat('umbra_mirror_heartbeat'), beats);
  assert.equal(shadow.received.length, dead);
  // The first of these reports still has beats that are new to the watch; by the third without one it acts.
  for (let i = 0; i < 4 && watched.revivals() === 0; i++) {
    assert.equal((await send(envoy.ports.in!, '/e')).status, 200);
    await watched.report();
  }
  assert.equal(watched.revivals(), 1);
  for (let i = 0; i < 5000 && shadow.received.length === dead; i++) {
    assert.equal((await send(envoy.ports.in!, '/f')).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(shadow.received[dead]?.url, '/f');
  await reaches('umbra_mirror_heartbeat', beats + 1);
  await watched.report();
  assert.deepEqual([watched.revivals(), watched.alive()], [1, true]);
  // The dead module's machines make room for the new one's: there is one `vm_id`, and nothing is left behind.
  await shows(envoy, VIRTUAL_MACHINES, (active) => active === machines);
});
