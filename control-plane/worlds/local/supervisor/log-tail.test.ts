import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { boundLogs } from './log-tail.ts';

test('a log that has grown too long is emptied, and its writer goes on at the new end', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-logs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [long, short] = [join(folder, 'long.log'), join(folder, 'short.log')];
  const writer = openSync(long, 'a');
  t.after(() => closeSync(writer));
  writeSync(writer, 'twelve bytes');
  writeFileSync(short, 'ten bytes.');
  boundLogs(folder, 10);
  writeSync(writer, 'more');
  assert.equal(readFileSync(long, 'utf8'), 'more');
  assert.equal(readFileSync(short, 'utf8'), 'ten bytes.');
});
