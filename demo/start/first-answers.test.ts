import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { firstAnswers } from './first-answers.ts';

test('waits until every branch answers, several times in a row', async (t) => {
  let asked = 0;
  const server = createServer((req, res) => {
    asked++;
    const bad = asked <= 7 && req.url === '/cart';
    res.writeHead(bad ? 502 : req.url === '/orders/none' ? 404 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal(await firstAnswers(url, new AbortController().signal, 3), true);
  // Two or three rounds with a bad cart, then three good ones.
  assert.ok(asked >= 15 && asked <= 18, String(asked));
  assert.equal(await firstAnswers(url, AbortSignal.abort()), false);
});
