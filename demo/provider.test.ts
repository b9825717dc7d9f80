import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startProvider } from './provider.ts';

test('charges once for each key, however often it is asked', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.close());
  const charge = async (key: string) => {
    const answer = await fetch(`http://127.0.0.1:${provider.port}/charges`, {
      method: 'POST',
      headers: { 'idempotency-key': key },
      body: JSON.stringify({ amount: 5, reference: 'o-1' }),
    });
    return [answer.status, ((await answer.json()) as { id: string }).id] as const;
  };
  const [status, id] = await charge('a');
  assert.equal(status, 201);
  assert.deepEqual(await charge('a'), [200, id]);
  assert.notEqual((await charge('b'))[1], id);
});

test('an upload that breaks off ends nothing but itself', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.close());
  const socket = connect(provider.port, '127.0.0.1');
  socket.write('POST /charges HTTP/1.1\r\nhost: provider\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n');
  // It has begun to read.
  await once(socket, 'data');
  socket.write('{"amount":');
  socket.resetAndDestroy();
  const answer = await fetch(`http://127.0.0.1:${provider.port}/healthz`);
  assert.equal(answer.status, 200);
});
