/** Shadows that do their worst, in a real Envoy: production's answers stay what they are, and the proxy's memory bounded. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { badShadows } from './bad-shadows.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import { mirrorFilter, told } from './envoy-world.ts';
import { type Service, send, serve } from './services.ts';

const bin = findEnvoy();
const skip = bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH';
const MiB = 1024 * 1024;

/** `is gone` is a port that nobody listens on. */
const shadows: Record<string, ((res: ServerResponse) => void) | undefined> = { ...badShadows, 'is gone': undefined };
const names = Object.keys(shadows);
const REQUESTS = 24;
/** However busy the machine is, production has the time it takes. */
const PATIENCE = '60s';

let envoy: RunningEnvoy;
let production: Service;
const servers: Server[] = [];

before(async () => {
  if (!bin) return;
  production = await serve((received, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ got: received.body }));
  });
  const ports = await Promise.all(
    Object.values(shadows).map(async (behave) => {
      const server = createServer((req, res) => {
        req.on('error', () => {});
        req.resume().on('end', () => behave?.(res));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      if (behave) servers.push(server);
      else await once(server.close(), 'close');
      return port;
    }),
  );
  envoy = await startEnvoy(bin, {
    ...bootstrap(
      names.map((name, i) =>
        listener(name, 'production', [mirrorFilter({ cluster: `shadow-${i}`, timeoutMs: 500, maxInFlight: 16 })], {
          timeout: PATIENCE,
        }),
      ),
      [
        { ...cluster('production', production.port), connect_timeout: PATIENCE },
        ...ports.map((port, i) => cluster(`shadow-${i}`, port)),
      ],
    ),
    // As the bootstraps of our proxies have it.
    layered_runtime: { layers: [{ name: 'static', static_layer: { 'http.async_response_buffer_limit': MiB } }] },
  });
});

after(async () => {
  await envoy?.stop();
  await production?.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Resident memory of the proxy, bytes. */
function resident(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${envoy.pid}/status`, 'utf8'))![1]) * 1024;
}

/** The mirror's counters once no copy is in flight any more. */
async function atRest(): Promise<Record<string, number>> {
  for (let i = 0; i < 100; i++) {
    await told(envoy);
    const stats = await envoy.stats('umbra_mirror_');
    if (stats.umbra_mirror_in_flight === 0) return stats;
  }
  assert.fail(`copies stay in flight: ${envoy.log()}`);
}

for (const name of names) {
  test(`a shadow that ${name} changes no answer and takes no memory`, { skip }, async () => {
    const one = (i: number) =>
      send(envoy.ports[name]!, `/${i}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"n":${i}}`,
      });
    await one(-1);
    const first = await atRest();
    const memory = resident();
    const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => one(i)));
    answers.forEach((answer, i) => {
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), { got: `{"n":${i}}` });
    });
    const last = await atRest();
    const grown = (counter: string) => (last[counter] ?? 0) - (first[counter] ?? 0);
    assert.equal(grown('umbra_mirror_sampled'), REQUESTS);
    assert.equal(
      grown('umbra_mirror_failed') + grown('umbra_mirror_dropped_in_flight'),
      REQUESTS,
      JSON.stringify(last),
    );
    assert.ok(grown('umbra_mirror_failed') > 0);
    assert.equal(grown('umbra_mirror_compared'), 0);
    // Sixteen answers of at most 1 MiB at a time, and what the allocator keeps of them.
    assert.ok(resident() - memory < 64 * MiB, `${memory} → ${resident()}`);
  });
}

test('the module is alive after all of it', { skip }, async () => {
  assert.equal(envoy.log().match(/wasm.*(trap|Uncaught)|Plugin.*failed/i), null, envoy.log());
  const before = (await envoy.stats('umbra_mirror_sampled')).umbra_mirror_sampled!;
  assert.equal((await send(envoy.ports['is gone']!, '/last')).status, 200);
  assert.equal((await atRest()).umbra_mirror_sampled, before + 1);
});
