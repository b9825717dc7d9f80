import assert from 'node:assert/strict';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startLoad } from './generator.ts';

async function serverFor(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that answers nothing does not hold requests back, and its stall is in the numbers', async (t) => {
  const waiting: ServerResponse[] = [];
  const arrived = Promise.withResolvers<void>();
  const url = await serverFor(t, (req, res) => {
    waiting.push(res.setHeader('x-path', req.url!));
    if (waiting.length === 60) arrived.resolve();
  });
  const load = startLoad({ url, rate: 150, sloMs: 10 });
  // Sixty requests are out although not one was answered.
  await arrived.promise;
  assert.ok(load.summary().offered >= 60);
  assert.equal(load.summary().good, 0);
  const stopped = load.stop();
  for (const res of waiting) res.writeHead(200).end('{}');
  // What was on its way when it stopped.
  const rest = setInterval(() => {
    for (const res of waiting) if (!res.writableEnded) res.writeHead(200).end('{}');
  }, 10);
  const summary = await stopped;
  clearInterval(rest);
  assert.equal(summary.offered, waiting.length);
  assert.ok(summary.p50 > 10, 'latency counts from when a request was due');
});

test('good, refused and broken answers are told apart; the crowd comes on top', async (t) => {
  let requests = 0;
  const enough = Promise.withResolvers<void>();
  const url = await serverFor(t, (req, res) => {
    if (++requests === 80) enough.resolve();
    if (req.url!.startsWith('/search')) return res.writeHead(503).end();
    if (req.url!.startsWith('/products/')) return void req.socket.destroy();
    return res.writeHead(req.method === 'POST' ? 201 : 200, { 'set-cookie': 'sid=s' }).end('{"orderId":"o"}');
  });
  const load = startLoad({ url, rate: 30, sloMs: 60_000 });
  load.multiply(8);
  await enough.promise;
  load.multiply(1);
  const summary = await load.stop();
  assert.equal(summary.offered, summary.good + summary.failed + summary.late);
  assert.ok(summary.failures['503']! > 0, 'the crowd searches');
  assert.ok(summary.good > 0);
  assert.deepEqual(
    Object.keys(summary.failures).filter((name) => !['503', 'ECONNRESET'].includes(name)),
    [],
  );
});

test('users give up in the end', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const url = await serverFor(t, () => arrived.resolve());
  const load = startLoad({ url, rate: 50, giveUpMs: 30 });
  await arrived.promise;
  const summary = await load.stop();
  assert.equal(summary.failures.timeout, summary.offered);
});
