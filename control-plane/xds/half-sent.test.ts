import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { HalfSent } from './half-sent.ts';
import { frameMessage } from './http2-call.ts';

/** Streams that a test feeds by hand, and which of them were ended. */
function fixture(most = 100) {
  const ended: string[] = [];
  const halfSent = new HalfSent({ most, longestMs: 1000, onEnd: (_, detail) => ended.push(detail) });
  const open = (session: object) => {
    const stream = Object.assign(new EventEmitter(), {
      session,
      paused: false,
      writableEnded: false,
      isPaused: () => stream.paused,
      close: () => stream.emit('close'),
    });
    halfSent.watch(stream as unknown as ServerHttp2Stream);
    return { stream, send: (bytes: Uint8Array) => stream.emit('data', Buffer.from(bytes)) };
  };
  return { ended, halfSent, open };
}

const message = (length: number) => frameMessage(Buffer.alloc(length));

test('unfinished messages of one connection are counted together', () => {
  const { ended, open } = fixture();
  const connection = {};
  const first = open(connection);
  first.send(message(200).subarray(0, 150));
  assert.deepEqual(ended, [], 'one may always be on its way');
  open({}).send(message(200).subarray(0, 150));
  assert.deepEqual(ended, [], 'another connection is another matter');
  const second = open(connection);
  second.send(message(50));
  assert.deepEqual(ended, [], 'it is whole');
  second.send(message(50).subarray(0, 4));
  assert.deepEqual(ended, ['more than 100 bytes of unfinished messages']);
  first.send(message(200).subarray(150));
  open(connection).send(message(200).subarray(0, 100));
  open(connection).send(Buffer.alloc(0));
  assert.equal(ended.length, 1, 'what was ended or became whole counts no more');
  const answered = open(connection);
  answered.stream.writableEnded = true;
  answered.send(message(200).subarray(0, 100));
  assert.equal(ended.length, 1, 'what comes after its end is not kept');
});

test('messages are told apart however their bytes are cut', () => {
  const bytes = Buffer.concat([3, 0, 20].map(message));
  for (let size = 1; size <= bytes.length; size++) {
    const { ended, open } = fixture(30);
    const connection = {};
    const stream = open(connection);
    for (let at = 0; at < bytes.length; at += size) stream.send(bytes.subarray(at, at + size));
    const other = open(connection);
    other.send(message(100).subarray(0, 90));
    assert.deepEqual(ended, [], `pieces of ${size}`);
    stream.send(message(1).subarray(0, 1));
    assert.equal(ended.length, 1, `pieces of ${size}`);
  }
});

test('a message may take its time, and no more of it', () => {
  const { ended, halfSent, open } = fixture();
  const look = (now: number) => halfSent.look(now, 400);
  const { stream, send } = open({});
  send(message(50).subarray(0, 10));
  look(0);
  look(400);
  look(800);
  send(message(50).subarray(10));
  send(message(50).subarray(0, 10));
  look(1200);
  assert.deepEqual(ended, [], 'the next message has its own time');
  look(100_000);
  assert.deepEqual(ended, [], 'a server that did not run blames nobody');
  stream.paused = true;
  for (let now = 100_400; now < 110_000; now += 400) look(now);
  assert.deepEqual(ended, [], 'who is not read cannot end it');
  stream.paused = false;
  // A piece now and then is not enough.
  send(Buffer.alloc(1));
  look(110_400);
  assert.deepEqual(ended, ['a message left unfinished']);
});
