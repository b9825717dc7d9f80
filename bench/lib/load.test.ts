import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { closedLoop, openLoop, quantile } from './load.ts';
import { startOrigin } from './origin.ts';
import { requestOf } from './wire.ts';

const request = requestOf('GET', '/', {});

test('every request of a closed loop is answered and counted once', async () => {
  const origin = await startOrigin('{"ok":true}');
  try {
    const loaded = await closedLoop(origin.port, request, 4, 100);
    assert.equal(loaded.failed, 0);
    assert.equal(loaded.answers, origin.count());
    assert.equal(loaded.latencies.length, loaded.answers);
    assert.ok(loaded.answers >= 4);
  } finally {
    await origin.stop();
  }
});

test('an open loop sends as many as are due, whatever the answers', async () => {
  const origin = await startOrigin('{"ok":true}');
  try {
    const loaded = await openLoop(origin.port, request, 400, 250);
    assert.equal(loaded.answers, 100);
    assert.equal(origin.count(), 100);
  } finally {
    await origin.stop();
  }
});

test('an open loop with one connection sends all that is due, one after the other', async () => {
  let open = 0;
  const server = createServer((socket) => {
    open++;
    socket.on('error', () => {});
    // Later than the next is due.
    socket.on('data', () => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 20));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const loaded = await openLoop((server.address() as AddressInfo).port, request, 100, 200, 1);
    assert.equal(loaded.answers, 20);
    assert.equal(open, 1);
  } finally {
    server.close();
    await once(server, 'close');
  }
});

test('another status than 2xx is a failure, and a connection that breaks an error', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (bytes.includes('/break')) socket.destroy();
      else socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const loaded = await closedLoop(port, request, 1, 20);
    assert.equal(loaded.failed, loaded.answers);
    assert.equal(loaded.latencies.length, 0);
    await assert.rejects(closedLoop(port, requestOf('GET', '/break', {}), 2, 50), /closed|ECONNRESET/);
    await assert.rejects(openLoop(port, requestOf('GET', '/break', {}), 100, 50), /closed|ECONNRESET/);
  } finally {
    server.close();
    await once(server, 'close');
  }
});

test('quantiles are of sorted values', () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => i);
  assert.deepEqual(
    [0, 0.5, 0.99, 1].map((q) => quantile(values, q)),
    [0, 50, 99, 99],
  );
  assert.ok(Number.isNaN(quantile(new Float64Array(), 0.5)));
});
