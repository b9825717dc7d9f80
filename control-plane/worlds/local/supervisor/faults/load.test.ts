import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addedLoad } from './load.ts';

async function entry(t: TestContext, answer: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-load-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'in.sock');
  const server = createServer(answer).listen(socket);
  t.after(() => server.close());
  await once(server, 'listening');
  return { socket, server };
}

test('safe requests are sent in turn until they are taken back', async (t) => {
  const seen: string[] = [];
  const { socket, server } = await entry(t, (q, a) => {
    seen.push(`${q.method} ${q.url}`);
    a.end('ok');
    if (seen.length === 20) server.emit('twenty');
  });

  const load = addedLoad({ socket, paths: ['/a', '/b'] }, { kind: 'load', service: 'front', rate: 200 });
  assert.equal((await load.state()).inPlace, false);
  const twenty = once(server, 'twenty');
  await load.apply();
  assert.equal((await load.state()).inPlace, true);
  await twenty;
  await load.undo();
  assert.equal((await load.state()).inPlace, false);
  assert.deepEqual(new Set(seen), new Set(['GET /a', 'GET /b']));
});

test('taken back while its first answer is still coming, it does not start', async (t) => {
  let requests = 0;
  const { socket, server } = await entry(t, (_, a) => {
    requests++;
    a.write('o');
    setTimeout(() => server.emit('begun'), 50);
  });
  const load = addedLoad({ socket, paths: ['/'] }, { kind: 'load', service: 'front', rate: 200 });
  const begun = once(server, 'begun');
  const refused = assert.rejects(load.apply(), /does not answer/);
  await begun;
  await load.undo();
  await refused;
  assert.equal((await load.state()).inPlace, false);
  assert.equal(requests, 1);
});

test('a shadow without users, or one that does not answer, is no place for it', async () => {
  const users = { socket: '/nowhere/in.sock', paths: ['/'] };
  await assert.rejects(addedLoad(users, { kind: 'load', service: 'front', rate: 0 }).apply(), /nothing to multiply/);
  await assert.rejects(addedLoad(users, { kind: 'load', service: 'front', rate: 5 }).apply(), /does not answer/);
});
