import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createClient } from './client.ts';

test('an order is waited for longer than a look, and may be carried out though nobody waits any more', async (t) => {
  const patience: number[] = [];
  t.mock.method(AbortSignal, 'timeout', (ms: number) => {
    patience.push(ms);
    return AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  });
  const client = createClient({ url: 'http://127.0.0.1:1', token: 'x' });
  await assert.rejects(client.get('/status'), { code: 'UMB0802', message: /nothing within 10 s\)$/ });
  const late = { code: 'UMB0802', message: /nothing within 90 s\); the order may be carried out all the same$/ };
  await assert.rejects(client.post('/overrides', {}), late);
  await assert.rejects(client.delete('/overrides/o-1'), late);
  assert.deepEqual(patience, [10_000, 90_000, 90_000]);
});

test('an answer that breaks off is that of a control plane that is gone', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"application":');
    response.socket!.end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = createClient({ url: `http://127.0.0.1:${port}`, token: 'x' });
  await assert.rejects(client.get('/status'), { code: 'UMB0802', message: /does not answer/ });
});
