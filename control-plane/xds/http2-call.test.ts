import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { takeCalls } from './call-lane.ts';
import type { Call } from './http2-call.ts';
import { frameMessage, Http2Call, isPlainCall, PREFIX_BYTES } from './http2-call.ts';

const asIs = (bytes: Buffer) => bytes;
const methods = {
  fast: { path: '/test/Fast', requestStream: true, responseStream: true },
  slow: { path: '/test/Slow', requestStream: false, responseStream: false },
} as const;
const definition = Object.fromEntries(
  Object.entries(methods).map(([name, m]) => [
    name,
    { ...m, requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
  ]),
);

/** A grpc-js server whose method Fast is served by `serve`, and a grpc-js client of it. */
async function fixture(t: TestContext, serve: (call: Call) => void, most = 1000) {
  const server = new grpc.Server();
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  server.addService(definition, {
    fast: (call: grpc.ServerDuplexStream<Buffer, Buffer>) =>
      call.emit('error', { code: grpc.status.INTERNAL, details: 'the usual way' }),
    slow: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.from('usual')),
  });
  const taken = takeCalls(server, (path) => (path === methods.fast.path ? serve : undefined), most);
  const listener = createServer((socket: Socket) => injector.injectConnection(socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = new grpc.Client(
    `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    grpc.credentials.createInsecure(),
  );
  t.after(() => {
    client.close();
    server.forceShutdown();
    listener.close();
  });
  return {
    taken,
    open: (options: grpc.CallOptions = {}) => client.makeBidiStreamRequest(methods.fast.path, asIs, asIs, options),
    unary: () =>
      new Promise<string>((resolve, reject) =>
        client.makeUnaryRequest(methods.slow.path, asIs, asIs, Buffer.alloc(0), (error, bytes) =>
          error ? reject(error) : resolve(String(bytes)),
        ),
      ),
  };
}

const statusOf = (call: grpc.ClientDuplexStream<Buffer, Buffer>) =>
  new Promise((resolve) => {
    call.on('error', () => {}); // Told by the status.
    call.on('status', ({ code, details }) => resolve([code, details]));
    call.resume();
  });

test('messages go both ways, and one frame serves many calls', async (t) => {
  const frame = frameMessage(Buffer.from('shared'));
  const { taken, open } = await fixture(t, (call) => {
    call.on('data', (message) => {
      call.write(frame, () => {});
      call.write(frameMessage(message), () => {});
    });
    call.on('end', () => call.end());
  });
  assert.equal(taken, true, 'grpc-js is not as it was: calls take the slow way');
  for (const text of ['one', 'two']) {
    const call = open();
    const answers: string[] = [];
    call.on('data', (bytes: Buffer) => answers.push(String(bytes)));
    call.write(Buffer.from(text));
    call.write(Buffer.alloc(0));
    call.end();
    assert.deepEqual(await statusOf(call), [grpc.status.OK, '']);
    assert.deepEqual(answers, ['shared', text, 'shared', '']);
  }
});

test('other methods, and calls with a deadline, stay with grpc-js', async (t) => {
  const { open, unary } = await fixture(t, () => assert.fail('not to be taken'));
  assert.equal(await unary(), 'usual');
  assert.deepEqual(await statusOf(open({ deadline: Date.now() + 60_000 })), [grpc.status.INTERNAL, 'the usual way']);
});

test('a call ends with its status, before and after an answer', async (t) => {
  const refuse = (call: Call) =>
    call.emit('error', { code: grpc.status.PERMISSION_DENIED, details: 'not you: 100 % né' });
  const { open } = await fixture(t, (call) => {
    call.on('data', (message) => {
      if (message.length > 0) call.write(frameMessage(message), () => {});
      refuse(call);
    });
  });
  for (const first of ['', 'hello']) {
    const call = open();
    call.write(Buffer.from(first));
    assert.deepEqual(await statusOf(call), [grpc.status.PERMISSION_DENIED, 'not you: 100 % né']);
  }
});

test('a message beyond the limit ends the call', async (t) => {
  const { open } = await fixture(t, () => {}, 1000);
  const call = open();
  call.write(Buffer.alloc(1001));
  assert.deepEqual(await statusOf(call), [grpc.status.RESOURCE_EXHAUSTED, 'a message of more than 1000 bytes']);
});

test('a client that goes closes its call', async (t) => {
  const closed = new EventEmitter();
  const { open } = await fixture(t, (call) => {
    call.on('data', () => call.write(frameMessage(Buffer.from('x')), () => {}));
    call.on('close', () => {
      call.write(frameMessage(Buffer.from('too late')), () => assert.fail('nobody takes it'));
      call.end();
      closed.emit('closed');
    });
  });
  const call = open();
  call.on('error', () => {});
  call.write(Buffer.from('x'));
  await once(call, 'data');
  const gone = once(closed, 'closed');
  call.cancel();
  await gone;
});

/** A call on a stream the test feeds by hand. */
function byHand(most = 1000) {
  const stream = Object.assign(new EventEmitter(), { pause: () => {}, resume: () => {}, session: undefined });
  const call = new Http2Call(stream as unknown as ServerHttp2Stream, most);
  const seen: string[] = [];
  call.on('data', (message: Buffer) => seen.push(String(message)));
  call.on('end', () => seen.push('(end)'));
  return { call, seen, stream };
}

test('messages are read however their bytes are cut', () => {
  const bytes = Buffer.concat(['first', '', 'a third one'].map((text) => frameMessage(Buffer.from(text))));
  for (let size = 1; size <= bytes.length; size++) {
    const { seen, stream } = byHand();
    for (let at = 0; at < bytes.length; at += size) stream.emit('data', bytes.subarray(at, at + size));
    stream.emit('end');
    assert.deepEqual(seen, ['first', '', 'a third one', '(end)'], `pieces of ${size}`);
  }
});

test('the beginning of a message does not keep the one before it', () => {
  const { call, seen, stream } = byHand(100_000);
  const bytes = frameMessage(Buffer.alloc(100_000));
  const next = frameMessage(Buffer.from('next'));
  let before = new ArrayBuffer();
  call.once('data', (message: Buffer) => {
    before = message.buffer as ArrayBuffer;
  });
  stream.emit('data', bytes.subarray(0, 50_000));
  stream.emit('data', Buffer.concat([bytes.subarray(50_000), next.subarray(0, 7)]));
  // Were it in the same memory, it would be gone.
  new Uint8Array(before).fill(1);
  stream.emit('data', next.subarray(7));
  assert.deepEqual(seen.slice(1), ['next']);
});

test('a paused call keeps what has come to itself', () => {
  const { call, seen, stream } = byHand();
  call.once('data', () => call.pause());
  stream.emit('data', Buffer.concat(['a', 'b'].map((text) => frameMessage(Buffer.from(text)))));
  stream.emit('end');
  assert.deepEqual(seen, ['a']);
  call.resume();
  assert.deepEqual(seen, ['a', 'b', '(end)']);
});

test('over TLS a large frame is given in parts, each when the one before is taken', () => {
  const given: Buffer[] = [];
  const taken: (() => void)[] = [];
  let ended = false;
  const stream = Object.assign(new EventEmitter(), {
    session: { encrypted: true },
    respond: () => {},
    resume: () => {},
    write: (part: Buffer, done?: () => void) => {
      given.push(part);
      if (done) taken.push(done);
    },
    end: () => {
      ended = true;
    },
  });
  const call = new Http2Call(stream as unknown as ServerHttp2Stream, 1000);
  const frames = [10, 200_000, 20, 130_000, 130_000].map((size, i) => Buffer.alloc(size, i + 1));
  const done: number[] = [];
  let moved = 0;
  // What is written when something was taken comes behind what waits.
  const write = (i: number): void =>
    call.write(
      frames[i]!,
      () => {
        done.push(i);
        if (i === 2) write(4);
      },
      () => moved++,
    );
  for (let i = 0; i < 4; i++) write(i);
  assert.equal(given.length, 2, 'a small frame, and a part of the next');
  assert.ok(given[1]!.length < 100_000);
  for (let took = taken.shift(); took; took = taken.shift()) {
    took();
    assert.ok(taken.length <= 1, 'one part at a time');
    if (done.length === 3 && moved === 6) break;
  }
  assert.deepEqual(done, [0, 1, 2], 'the fourth is not done before its last part is');
  call.end();
  assert.ok(ended);
  for (const took of taken) took();
  assert.ok(Buffer.concat(given).equals(Buffer.concat(frames)), 'all is written, in order, before the end');
});

test('only plain calls are plain', () => {
  const plain = { ':method': 'POST', 'content-type': 'application/grpc' };
  assert.ok(isPlainCall(plain) && isPlainCall({ ...plain, 'content-type': 'application/grpc+proto' }));
  for (const other of [
    { ':method': 'GET' },
    { 'content-type': 'application/grpc-web' },
    { 'grpc-timeout': '1S' },
    { 'grpc-encoding': 'gzip' },
  ])
    assert.ok(!isPlainCall({ ...plain, ...other }), JSON.stringify(other));
  assert.equal(frameMessage(Buffer.from('abc')).length, PREFIX_BYTES + 3);
});
