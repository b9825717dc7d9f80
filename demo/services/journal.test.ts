import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Journal, readRecords } from './journal.ts';

function open(path: string) {
  const memory: number[] = [];
  const journal = new Journal<number>(
    path,
    () => memory.splice(0),
    (n) => memory.push(n),
  );
  return { memory, journal };
}

test('what was appended is there again after a start, without a last line that was cut off', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'deep', 'numbers.jsonl');
  const first = open(path);
  first.journal.append(1);
  first.journal.append(2);
  assert.deepEqual(first.memory, [1, 2]);
  appendFileSync(path, '{"cut":');
  const again = open(path);
  assert.deepEqual(again.memory, [1, 2]);
  assert.deepEqual(readRecords(path), [1, 2]);
  again.journal.append(3);
  again.journal.append(4);
  assert.deepEqual(open(path).memory, [1, 2, 3, 4]);
  assert.deepEqual(readRecords(join(folder, 'nothing')), []);
});

test('a file that was reset behind its back is read anew', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'numbers.jsonl');
  const { memory, journal } = open(path);
  journal.append(1);
  copyFileSync(path, `${path}.kept`);
  journal.append(2);
  renameSync(`${path}.kept`, path);
  journal.refresh();
  assert.deepEqual(memory, [1]);
  rmSync(path);
  journal.append(3);
  assert.deepEqual(memory, [3]);
  assert.deepEqual(readRecords(path), [3]);
});
