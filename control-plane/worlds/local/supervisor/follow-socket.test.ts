import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followSocket } from './follow-socket.ts';

const listen = (path: string) =>
  new Promise<ReturnType<typeof createServer>>((resolve) => {
    const server = createServer((socket) => socket.end()).listen(path, () => resolve(server));
  });
const reach = (path: string) =>
  new Promise<boolean>((resolve) => {
    connect(path, () => resolve(true)).once('error', () => resolve(false));
  });

test('a socket is followed by a second name; a link in its place is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-link-'));
  const [from, to, elsewhere] = ['from', 'to', 'elsewhere'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const first = await listen(from);
  try {
    assert.throws(() => followSocket(join(folder, 'none'), to));
    assert.equal(followSocket(from, to), true);
    assert.equal(followSocket(from, to), false);
    assert.ok(await reach(to));
    const other = await listen(elsewhere);
    rmSync(from);
    symlinkSync(elsewhere, from);
    assert.throws(() => followSocket(from, to), /no socket/);
    rmSync(from);
    const second = await listen(from);
    assert.equal(followSocket(from, to), true);
    assert.ok(await reach(to));
    assert.deepEqual(readdirSync(folder).sort(), ['elsewhere', 'from', 'to']);
    for (const server of [other, second]) await new Promise((resolve) => server.close(resolve));
  } finally {
    await new Promise((resolve) => first.close(resolve));
    rmSync(folder, { recursive: true });
  }
});
