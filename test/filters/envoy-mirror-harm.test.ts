/**
 * Shadows that do their worst, in a real Envoy, behind the cluster that the control plane makes for them: production's answers stay
 * what they are, and what the shadow takes is bounded.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { create, toJson } from '@bufbuild/protobuf';
import { ASYNC_RESPONSE_LIMIT } from '../../control-plane/envoy/bootstrap.ts';
import { shadowCluster } from '../../control-plane/envoy/clusters.ts';
import { ClusterSchema } from '../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { registry } from '../../control-plane/envoy/protos/registry.ts';
import { badShadows } from './bad-shadows.ts';
import { bootstrap, cluster, findEnvoy, listener, type RunningEnvoy, startEnvoy } from './envoy-process.ts';
import { counted, mirrorFilter, told } from './envoy-world.ts';
import { type Service, send, serve } from './services.ts';

const bin = findEnvoy();
const skip = bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH';
const MiB = 1024 * 1024;

/** `is gone` is a port that nobody listens on, and that no system gives away. */
const GONE_PORT = 1;
const shadows: Record<string, ((res: ServerResponse) => void) | undefined> = { ...badShadows, 'is gone': undefined };
const names = Object.keys(shadows);
const clusterOf = (name: string) => `shadow-${names.indexOf(name)}`;
const REQUESTS = 24;
const MOST_IN_FLIGHT = 16;
/** No tick lets a failing shadow be tried again while these tests run. */
const NEVER_MS = 3_600_000;
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
      if (!behave) return GONE_PORT;
      const server = createServer((req, res) => {
        req.on('error', () => {});
        req.resume().on('end', () => behave(res));
      });
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }),
  );
  envoy = await startEnvoy(bin, {
    ...bootstrap(
      [
        ...names.map((name) =>
          listener(
            name,
            'production',
            [
              mirrorFilter({
                cluster: clusterOf(name),
                timeoutMs: 500,
                maxInFlight: MOST_IN_FLIGHT,
                heartbeatMs: NEVER_MS,
              }),
            ],
            { timeout: PATIENCE },
          ),
        ),
        // Its ticks tell what all in the module have counted.
        listener('teller', 'production', [mirrorFilter()]),
      ],
      [cluster('production', production.port), ...ports.map((port, i) => shadowAt(clusterOf(names[i]!), port))],
    ),
    // As the bootstraps of our proxies have it.
    layered_runtime: {
      layers: [{ name: 'static', static_layer: { 'http.async_response_buffer_limit': ASYNC_RESPONSE_LIMIT } }],
    },
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

/** The control plane's cluster of the shadow, in Envoy's JSON. */
const shadowAt = (name: string, port: number) =>
  toJson(ClusterSchema, create(ClusterSchema, { ...shadowCluster({ host: '127.0.0.1', port }), name }), {
    registry: registry(),
  });

const one = (name: string, i: number) =>
  send(envoy.ports[name]!, `/${i}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"n":${i}}`,
  });

/** Resident memory of the proxy, bytes. */
function resident(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${envoy.pid}/status`, 'utf8'))![1]) * 1024;
}

/** The mirror's counters once no copy is in flight any more. */
async function atRest(): Promise<Record<string, number>> {
  for (let i = 0; i < 500; i++) {
    await told(envoy);
    const stats = await envoy.stats('umbra_mirror_');
    if (stats.umbra_mirror_in_flight === 0) return stats;
  }
  assert.fail(`copies stay in flight: ${envoy.log()}`);
}

for (const name of names) {
  test(`a shadow that ${name} changes no answer and takes no memory`, { skip }, async () => {
    await one(name, -1);
    const first = await atRest();
    const memory = resident();
    const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => one(name, i)));
    answers.forEach((answer, i) => {
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), { got: `{"n":${i}}` });
    });
    const last = await atRest();
    const grown = (counter: string) => (last[counter] ?? 0) - (first[counter] ?? 0);
    assert.equal(grown('umbra_mirror_sampled'), REQUESTS);
    assert.equal(
      grown('umbra_mirror_failed') + grown('umbra_mirror_dropped_in_flight') + grown('umbra_mirror_dropped_failing'),
      REQUESTS,
      JSON.stringify(last),
    );
    assert.ok(grown('umbra_mirror_failed') > 0);
    assert.equal(grown('umbra_mirror_compared'), 0);
    // Sixteen answers of at most 128 KiB at a time, and what the allocator keeps of them.
    assert.ok(resident() - memory < 16 * MiB, `${memory} → ${resident()}`);
  });

  test(`a shadow that ${name} is given nothing more until it is tried again`, { skip }, async () => {
    const first = await atRest();
    for (let i = 0; i < REQUESTS; i++) assert.equal((await one(name, i)).status, 200);
    const last = await atRest();
    const grown = (counter: string) => (last[counter] ?? 0) - (first[counter] ?? 0);
    assert.equal(grown('umbra_mirror_dropped_failing'), REQUESTS, JSON.stringify(last));
    assert.equal(grown('umbra_mirror_sent'), 0);
  });
}

test('a shadow that is well again is copied to again', { skip, timeout: 60_000 }, async () => {
  let well = false;
  const shadow = createServer((_, res) => {
    if (well) res.end('{}');
    else res.socket?.resetAndDestroy();
  });
  shadow.listen(0, '127.0.0.1');
  await once(shadow, 'listening');
  const { port } = shadow.address() as AddressInfo;
  const proxy = await startEnvoy(
    bin!,
    bootstrap(
      [listener('in', 'production', [mirrorFilter({ cluster: 'shadow', maxInFlight: 1 })], { timeout: PATIENCE })],
      [cluster('production', production.port), shadowAt('shadow', port)],
    ),
  );
  try {
    assert.equal((await send(proxy.ports.in!, '/')).status, 200);
    await counted(proxy, 'umbra_mirror_failed', 1);
    well = true;
    // Each waits for the tick that lets one copy be tried.
    for (let compared = 0; compared === 0; ) {
      assert.equal((await send(proxy.ports.in!, '/')).status, 200);
      compared = (await proxy.stats('umbra_mirror_compared')).umbra_mirror_compared!;
    }
  } finally {
    await proxy.stop();
    shadow.closeAllConnections();
    shadow.close();
  }
});

test('an answer without an end is cut: little of it is ever read', { skip }, async () => {
  const cluster = clusterOf('answers without an end');
  const stats = await envoy.stats(`cluster.${cluster}.`);
  const [copies, read] = [
    stats[`cluster.${cluster}.upstream_rq_total`]!,
    stats[`cluster.${cluster}.upstream_cx_rx_bytes_total`]!,
  ];
  assert.ok(copies > 0);
  // What is kept, and the bite that was too much.
  assert.ok(read <= copies * 2 * ASYNC_RESPONSE_LIMIT, `${read} bytes of ${copies} answers`);
  assert.ok(read >= ASYNC_RESPONSE_LIMIT, `${read} bytes of ${copies} answers`);
});

test('the module is alive after all of it', { skip }, async () => {
  assert.equal(envoy.log().match(/wasm.*(trap|Uncaught)|Plugin.*failed/i), null, envoy.log());
  const before = (await envoy.stats('umbra_mirror_sampled')).umbra_mirror_sampled!;
  assert.equal((await send(envoy.ports['is gone']!, '/last')).status, 200);
  assert.equal((await atRest()).umbra_mirror_sampled, before + 1);
});
