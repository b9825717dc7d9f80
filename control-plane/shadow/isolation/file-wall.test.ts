import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTo } from './file-wall.ts';

function request(operation: number, body = Buffer.alloc(0), pid = 7): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(40 + body.length, 0);
  header.writeUInt32LE(operation, 4);
  header.writeBigUInt64LE(99n, 8);
  header.writeUInt32LE(pid, 32);
  return Buffer.concat([header, body]);
}

test('a look into a folder is denied, with who asked and what for', () => {
  const { answer, attempt } = answerTo(request(1, Buffer.from('data\0')));
  assert.deepEqual(attempt, { pid: 7, name: 'data' });
  assert.equal(answer?.readUInt32LE(0), 16);
  assert.equal(answer?.readInt32LE(4), -13);
  assert.equal(answer?.readBigUInt64LE(8), 99n);
});

test('every other request about files is denied and counted', () => {
  for (const operation of [3, 9, 14, 27, 34, 35, 52]) {
    const { answer, attempt } = answerTo(request(operation));
    assert.equal(answer?.readInt32LE(4), -13);
    assert.deepEqual(attempt, { pid: 7, name: '' });
  }
});

test('the kernel’s own messages are no attempts', () => {
  for (const operation of [2, 36, 42]) assert.deepEqual(answerTo(request(operation)), {});
  for (const operation of [17, 38]) assert.equal(answerTo(request(operation)).attempt, undefined);
  assert.deepEqual(answerTo(Buffer.alloc(10)), {});
});

test('the handshake agrees on a version both know', () => {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(44, 4);
  const { answer, attempt } = answerTo(request(26, body));
  assert.equal(attempt, undefined);
  assert.equal(answer?.readInt32LE(4), 0);
  assert.equal(answer?.readUInt32LE(16), 7);
  assert.equal(answer?.readUInt32LE(20), 31);
});
