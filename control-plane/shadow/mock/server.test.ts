import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MockFault } from './orders.ts';
import { createMock } from './server.ts';

async function withMock(
  options: { faults?: MockFault[]; now?: number; upstream?: string },
  work: (url: string, slept: number[]) => Promise<void>,
) {
  const slept: number[] = [];
  const server = createMock({
    answers: () => [
      {
        method: 'POST',
        path: '/pay',
        status: 201,
        headers: { 'content-type': 'application/json' },
        body: '{"a":"{{request.a}}"}',
        seen: 1,
      },
    ],
    faults: () => options.faults ?? [],
    clock: { now: () => options.now ?? 0, sleep: async (ms) => void slept.push(ms) },
    random: () => 0.5,
    ...(options.upstream === undefined ? {} : { upstream: options.upstream }),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, slept);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
const fault = (more: Partial<MockFault>): MockFault => ({
  id: 'f',
  mode: 'fail',
  delayMs: 0,
  share: 1,
  expiresAt: 100,
  ...more,
});
const pay = (url: string) => fetch(`${url}/pay`, { method: 'POST', body: '{"a":7}' });

test('as recorded', () =>
  withMock({}, async (url) => {
    const answer = await pay(url);
    assert.deepEqual(
      [answer.status, await answer.json(), answer.headers.get('x-umbra-mock')],
      [201, { a: 7 }, 'recorded'],
    );
    const unknown = await fetch(`${url}/never`);
    assert.deepEqual([unknown.status, unknown.headers.get('x-umbra-mock')], [503, 'nothing-recorded']);
  }));

test('failing, slow, for a share, and not past its time', async () => {
  await withMock({ faults: [fault({})] }, async (url) => assert.equal((await pay(url)).status, 503));
  await withMock({ faults: [fault({ mode: 'slow', delayMs: 250 })] }, async (url, slept) => {
    assert.equal((await pay(url)).status, 201);
    assert.deepEqual(slept, [250]);
  });
  await withMock({ faults: [fault({ share: 0.4 })] }, async (url) => assert.equal((await pay(url)).status, 201));
  await withMock({ faults: [fault({})], now: 100 }, async (url) => assert.equal((await pay(url)).status, 201));
});

test('an answer of the real one that breaks off breaks off', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-mock-'));
  const upstream = join(folder, 's');
  const real = createServer((_, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 });
    outgoing.write('half ', () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => real.listen(upstream, resolve));
  t.after(() => {
    real.close();
    rmSync(folder, { recursive: true });
  });
  await withMock({ upstream }, async (url) => {
    const answer = await fetch(`${url}/rates`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text(), /terminated/);
  });
});
