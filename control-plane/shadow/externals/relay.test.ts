import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRelay } from './relay.ts';

function ask(socketPath: string, method: string, body = ''): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path: '/x' }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.once('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

test('an answer that breaks off outside breaks off in the shadow', { timeout: 20_000 }, async (t) => {
  const outside = createServer((_, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 });
    outgoing.write('half ', () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'umbra-relay-'));
  const relay = await startRelay({ socket: join(folder, 's'), url, safeOnly: false });
  t.after(async () => {
    await relay.close();
    outside.close();
    rmSync(folder, { recursive: true });
  });
  await assert.rejects(ask(join(folder, 's'), 'GET'), /aborted/);
});

test('a sandbox is reached with every method, the real one with safe ones alone', async () => {
  const reached: string[] = [];
  const outside = createServer((incoming, outgoing) => {
    reached.push(incoming.method ?? '');
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'umbra-relay-'));
  const sandbox = await startRelay({ socket: join(folder, 's'), url, safeOnly: false });
  const reading = await startRelay({ socket: join(folder, 'r'), url, safeOnly: true });
  try {
    assert.deepEqual(await ask(join(folder, 's'), 'POST', 'hello'), { status: 200, body: 'hello' });
    assert.equal((await ask(join(folder, 'r'), 'GET')).status, 200);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'])
      assert.equal((await ask(join(folder, 'r'), method)).status, 403);
    assert.equal(reading.refused(), 5);
    assert.deepEqual(reached, ['POST', 'GET']);
    outside.closeAllConnections();
    await new Promise((resolve) => outside.close(resolve));
    assert.equal((await ask(join(folder, 's'), 'GET')).status, 502);
  } finally {
    await sandbox.close();
    await reading.close();
    outside.close();
    rmSync(folder, { recursive: true });
  }
});
