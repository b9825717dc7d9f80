import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyData } from './data.ts';
import { sameData } from './same-data.ts';

test('a copy holds the files, not the sockets, and is the same until something is written', async () => {
  const root = mkdtempSync(join(tmpdir(), 'umbra-data-'));
  const from = join(root, 'a');
  const to = join(root, 'b');
  mkdirSync(join(from, 'deep'), { recursive: true });
  writeFileSync(join(from, 'deep', 'orders'), 'one\n');
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(join(from, 'control.sock'), resolve));
  try {
    await copyData(from, to);
    assert.ok(existsSync(join(to, 'deep', 'orders')));
    assert.ok(!existsSync(join(to, 'control.sock')));
    assert.ok(sameData(from, to));
    appendFileSync(join(to, 'deep', 'orders'), 'two\n');
    assert.ok(!sameData(from, to));
    await copyData(join(root, 'nowhere'), to);
    assert.ok(!sameData(join(root, 'nowhere'), to));
  } finally {
    await new Promise((resolve) => socket.close(resolve));
    rmSync(root, { recursive: true });
  }
});
