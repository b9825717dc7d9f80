import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hold } from '../socket.ts';
import { services } from './index.ts';
import { CONTROL_SOCKET, type RunningServer, serve } from './server.ts';
import type { ServiceDefinition } from './service.ts';

async function running(t: TestContext, definition: ServiceDefinition) {
  const data = mkdtempSync(join(tmpdir(), 'replica-'));
  const server = await serve(definition, { name: 'test', port: 0, data, replica: '0', peers: {} });
  t.after(async () => {
    await server.close();
    rmSync(data, { recursive: true });
  });
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { server, ask, socket: join(data, CONTROL_SOCKET) };
}

/** A service whose requests wait until told; `begun(n)` resolves when n of them are worked on. */
function gate(workers: number, queue: number) {
  const open = Promise.withResolvers<void>();
  let count = 0;
  let wake = () => {};
  const definition: ServiceDefinition = {
    workers,
    queue,
    work: { meanMs: 0, rounds: 0 },
    start: () => ({
      'GET /wait': async () => {
        count++;
        wake();
        await open.promise;
        return { status: 200 };
      },
    }),
  };
  const begun = async (n: number) => {
    while (count < n) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { definition, open: open.resolve, begun };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('the queue is bounded: beyond workers and queue there is 503 at once, and health answers all the same', async (t) => {
  const { definition, open, begun } = gate(2, 3);
  const { server, ask } = await running(t, definition);
  const waiting = Array.from({ length: 5 }, () => ask('/wait'));
  await begun(2);
  await until(() => server.pool.waiting === 3);
  assert.equal((await ask('/wait')).status, 503);
  assert.equal((await ask('/healthz')).status, 200);
  open();
  assert.deepEqual(
    (await Promise.all(waiting)).map((answer) => answer.status),
    [200, 200, 200, 200, 200],
  );
  assert.equal(server.pool.busy, 0);
});

test('a request whose caller has gone is worked on all the same', async (t) => {
  const { definition, open, begun } = gate(1, 5);
  const { server, ask } = await running(t, definition);
  const first = ask('/wait');
  await begun(1);
  const gone = new AbortController();
  const aborted = ask('/wait', { signal: gone.signal });
  await until(() => server.pool.waiting === 1);
  gone.abort();
  await assert.rejects(aborted);
  assert.equal(server.pool.waiting, 1);
  open();
  await first;
  await begun(2);
});

const refused: [path: string, init: RequestInit, status: number][] = [
  ['/nothing', {}, 404],
  ['/products', { method: 'DELETE' }, 405],
  ['/products/none', {}, 404],
  ['/products', { method: 'POST', body: '{' }, 400],
  ['/products', { method: 'POST', body: 'x'.repeat(70_000) }, 413],
];
test('what is asked for wrongly is refused', async (t) => {
  const { ask } = await running(t, services.catalog!);
  for (const [path, init, status] of refused) assert.equal((await ask(path, init)).status, status, path);
  assert.equal((await ask('/products?page=2')).status, 200);
});

test('an affliction lasts as long as the connection that brought it', async (t) => {
  const { ask, socket } = await running(t, services.catalog!);
  await assert.rejects(hold(socket, { delayMs: 'long' }), /delayMs must be a number/);
  const held = await hold(socket, { errorShare: 1 });
  assert.deepEqual(held.answer, { service: 'test', replica: '0' });
  assert.equal((await ask('/products')).status, 500);
  assert.equal((await ask('/healthz')).status, 200);
  held.release();
  await held.ended;
  // The other end learns of it a moment later.
  let status = 0;
  while (status !== 200) ({ status } = await ask('/products'));
});

test('a data folder deeper than a socket path may be serves as well', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'deep-'));
  const data = join(root, 'd'.repeat(120));
  const server: RunningServer = await serve(services.catalog!, {
    name: 'test',
    port: 0,
    data,
    replica: '0',
    peers: {},
  });
  t.after(() => rmSync(root, { recursive: true }));
  const held = await hold(join(data, CONTROL_SOCKET), {});
  assert.equal(held.answer.replica, '0');
  await server.close();
  await held.ended;
});
