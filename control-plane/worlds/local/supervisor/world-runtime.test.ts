import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseDocuments } from '../../../api/kinds/parse.ts';
import { wallClock } from '../../../mesh/clock.ts';
import type { Command, Exit, Launcher } from './command.ts';
import { PortAllocator } from './ports.ts';
import { RunDirectory } from './run-directory.ts';
import { neverBroken, WorldRuntime } from './world-runtime.ts';

const documents = parseDocuments(
  `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web }
  services:
    web: { command: [node, web.js], scale: { max: 4 } }
`,
  'app.yaml',
);

/** Processes that live until they are told to end; those started while `answers` is false never answer. */
class FakeMachine implements Launcher {
  answers = true;
  /** The one that cannot be started. */
  broken = '';
  readonly running = new Set<string>();
  readonly #probed = Promise.withResolvers<void>();
  /** Somebody waits for an answer in vain. */
  readonly waitedFor = this.#probed.promise;
  async start({ name }: Command) {
    if (name === this.broken) throw new Error('not there');
    this.running.add(name);
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    const signal = (s: string) => {
      if (s !== 'SIGTERM' && s !== 'SIGKILL') return;
      this.running.delete(name);
      resolve({ code: null, signal: s });
    };
    return { pid: 0, exited, signal, tell: () => {} };
  }
  async probe() {
    if (!this.answers) this.#probed.resolve();
    return this.answers;
  }
  async replaceData() {}
  async sameData() {
    return false;
  }
  async boundLogs() {}
}

async function runtime(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'umbra-runtime-'));
  const run = new RunDirectory('shop', home);
  run.prepare(['web']);
  const machine = new FakeMachine();
  // Time stands still but for turns of the event loop: no wait ends by itself.
  const clock = { now: () => 0, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  const world = new WorldRuntime(
    {
      world: 'production',
      host: { launcher: machine, run, envoyBinary: 'envoy', clock, env: {}, say: () => {} },
      file: 'app.yaml',
      ports: new PortAllocator(wallClock.now()),
      ingress: { host: '127.0.0.1', port: 1 },
      isolation: 'none',
      capabilities: () => neverBroken,
      externals: () => ({}),
      replicasOf: () => 1,
      onChange: () => {},
    },
    documents,
  );
  await world.plan();
  await world.start();
  t.after(async () => {
    await world.stop();
    rmSync(home, { recursive: true });
  });
  return { world, machine };
}

test('a replica that is no longer wanted is not waited for', async (t) => {
  const { world, machine } = await runtime(t);
  machine.answers = false;
  const up = world.scale('web', 2);
  await machine.waitedFor;
  assert.ok(machine.running.has('web.1'));
  const down = await world.scale('web', 1);
  assert.deepEqual(down, { ready: 1 });
  assert.deepEqual(await up, { ready: 1 });
  assert.ok(machine.running.has('web.0') && !machine.running.has('web.1'));
});

test('a higher count leaves the wait for the others as it is', async (t) => {
  const { world, machine } = await runtime(t);
  machine.answers = false;
  const two = world.scale('web', 2);
  await machine.waitedFor;
  const three = world.scale('web', 3);
  machine.answers = true;
  assert.deepEqual(await two, { ready: 2 });
  assert.deepEqual(await three, { ready: 3 });
});

test('replicas keep numbers of their own where one between them could not be started', async (t) => {
  const { world, machine } = await runtime(t);
  machine.broken = 'web.1';
  assert.match((await world.scale('web', 3)).problem!, /web\.1/);
  const numbers = () => world.replicas('web').map((r) => r.plan.replica);
  assert.deepEqual(numbers(), [0, 2]);
  machine.broken = '';
  assert.deepEqual(await world.scale('web', 4), { ready: 4 });
  assert.deepEqual(numbers(), [0, 2, 1, 3]);
});
