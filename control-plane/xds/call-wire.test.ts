import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { CallWire } from './call-wire.ts';
import { FairShare } from './fair-share.ts';
import type { Call } from './http2-call.ts';
import { defaultLimits } from './limits.ts';

/** A wire on a call that takes an answer whenever the test says so. */
function wire(limits: Partial<typeof defaultLimits> = {}, spare?: FairShare) {
  const taken: (() => void)[] = [];
  const parts: (() => void)[] = [];
  const flow: string[] = [];
  let now = 0;
  let drains = 0;
  const call = Object.assign(new EventEmitter(), {
    write: (_: Buffer, done: () => void, moved: () => void) => {
      taken.push(done);
      parts.push(moved);
    },
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
  });
  return {
    wire: new CallWire(call as unknown as Call, {
      limits: { ...defaultLimits, ...limits },
      clock: { now: () => now },
      spare: spare ?? new FairShare(1, { now: () => now }),
      onDrain: () => drains++,
      onTaken: () => {},
    }),
    flow,
    call,
    take: () => taken.shift()!(),
    takePart: () => parts[0]!(),
    drains: () => drains,
    pass: (ms: number) => (now += ms),
  };
}

test('the queue is bounded by number and by bytes, and drains once', () => {
  const byNumber = wire({ queuedMessages: 2 });
  assert.equal(byNumber.wire.write(Buffer.alloc(1)), true);
  assert.equal(byNumber.wire.write(Buffer.alloc(1)), false);
  byNumber.take();
  byNumber.take();
  assert.equal(byNumber.drains(), 1);
  const byBytes = wire({ queuedBytes: 100 });
  assert.equal(byBytes.wire.write(Buffer.alloc(60)), true);
  assert.equal(byBytes.wire.write(Buffer.alloc(60)), false);
  assert.equal(byBytes.wire.queuedBytes, 120);
  byBytes.take();
  assert.deepEqual([byBytes.drains(), byBytes.wire.queuedBytes], [1, 60]);
});

test('a stall is time in which nothing moved while something waited', () => {
  const { wire: w, take, pass } = wire({ queuedMessages: 9 });
  const look = (ms: number) => w.look(pass(ms), 1000);
  assert.equal(look(5000), 0, 'nothing waits');
  w.write(Buffer.alloc(1));
  w.write(Buffer.alloc(1));
  assert.deepEqual([look(1000), look(1000), look(1000)], [0, 1000, 2000]);
  take();
  assert.deepEqual([look(1000), look(1000)], [0, 1000]);
  assert.equal(look(60_000), 2000, 'a server that did not run blames nobody');
  take();
  assert.equal(look(1000), 0);
});

test('who reads a large answer slowly does not stall', () => {
  const { wire: w, takePart, pass } = wire();
  const look = (ms: number) => w.look(pass(ms), 1000);
  w.write(Buffer.alloc(1));
  look(1000);
  for (let i = 0; i < 3; i++) {
    assert.equal(look(1000), 1000);
    takePart();
    assert.equal(look(1000), 0);
  }
});

/** Wires that share what is spare, and one clock for all of it. */
function sharing(t: TestContext, spareRate: number, limits: Partial<typeof defaultLimits>, count: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const spare = new FairShare(spareRate, { now: () => now });
  const wires = Array.from({ length: count }, () => wire(limits, spare));
  const pass = (ms: number) => {
    for (const each of wires) each.pass(ms);
    now += ms;
    t.mock.timers.tick(ms);
  };
  return { wires, pass };
}

test('requests beyond the rate are not read until there was so much to spare; large ones count as several', (t) => {
  const { wires, pass } = sharing(t, 10, { requestRate: 0.001, requestBurst: 2 }, 2);
  const [one, other] = [wires[0]!, wires[1]!];
  one.wire.onRequest(2);
  one.wire.onRequest(10);
  assert.deepEqual(one.flow, [], 'its own, and what was spare');
  one.wire.onRequest(2);
  assert.deepEqual(one.flow, ['pause']);
  other.wire.onRequest(2);
  assert.deepEqual(other.flow, [], 'who stays within its own rate waits for nobody');
  pass(199);
  assert.deepEqual(one.flow, ['pause']);
  pass(1);
  assert.deepEqual(one.flow, ['pause', 'resume']);
  one.wire.onRequest(0);
  one.wire.onRequest(5);
  assert.deepEqual(one.flow, ['pause', 'resume', 'pause']);
  one.wire.close();
  pass(100_000);
  assert.deepEqual(one.flow, ['pause', 'resume', 'pause'], 'a closed call is left alone');
});

test('however much others want of what is spare, a stream has its own rate', (t) => {
  const { wires, pass } = sharing(t, 1, { requestRate: 10, requestBurst: 1 }, 11);
  const [modest, ...greedy] = wires;
  for (const { wire } of greedy) wire.onRequest(1000);
  modest!.wire.onRequest(6);
  assert.deepEqual(modest!.flow, ['pause']);
  pass(499);
  assert.deepEqual(modest!.flow, ['pause']);
  pass(1);
  assert.deepEqual(modest!.flow, ['pause', 'resume']);
  for (const { flow } of greedy) assert.deepEqual(flow, ['pause']);
});

test('what a stream had of what is spare counts when its own rate was faster', (t) => {
  const { wires, pass } = sharing(t, 100, { requestRate: 100, requestBurst: 1 }, 2);
  const [one, other] = [wires[0]!, wires[1]!];
  other.wire.onRequest(101);
  other.wire.onRequest(10_000);
  one.wire.onRequest(101);
  // Half of what is spare makes 50 in the second in which its own rate pays its debt.
  pass(1000);
  assert.deepEqual(one.flow, ['pause', 'resume']);
  one.wire.onRequest(1);
  assert.deepEqual(one.flow, ['pause', 'resume']);
});

test('a call that has ended is read to its end, however much came', (t) => {
  const { wires } = sharing(t, 1, { requestRate: 1, requestBurst: 1 }, 1);
  const { wire, flow, call } = wires[0]!;
  call.on('error', () => {});
  wire.onRequest(100);
  wire.end('INVALID_ARGUMENT', 'no');
  wire.onRequest(100);
  assert.deepEqual(flow, ['pause', 'resume']);
});
