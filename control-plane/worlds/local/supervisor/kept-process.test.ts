import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallClock } from '../../../mesh/clock.ts';
import { KeptProcess } from './kept-process.ts';
import { command, FakeMachine } from './testing/fake-machine.ts';

/** Waits take no time. */
const clock = { now: wallClock.now, sleep: async () => {} };

test('a process that ends is started again and counted', async () => {
  const machine = new FakeMachine();
  const waits: (number | undefined)[] = [];
  const kept = new KeptProcess(machine, command('a'), clock, { onExit: (_, wait) => waits.push(wait) });
  await kept.start();
  machine.end({ code: 1, signal: null });
  await machine.nth(2);
  assert.deepEqual(waits, [500]);
  assert.equal(kept.restarts, 1);
  await kept.stop(1000);
  assert.deepEqual(machine.started, ['a', 'a']);
});

test('held down it stays down until it is released', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  const { exited } = kept.current!;
  kept.hold();
  await exited;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(kept.current, undefined);
  assert.equal(machine.started.length, 1);
  kept.release();
  await machine.nth(2);
  await kept.stop(1000);
});

test('another command replaces it without counting as a crash, its work done while it is down', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  await kept.restart(command('b'));
  assert.deepEqual(machine.started, ['a', 'b']);
  let down = false;
  await kept.replaceWhile(async () => {
    down = kept.current === undefined;
  });
  assert.ok(down);
  assert.equal(machine.started.length, 3);
  assert.equal(kept.restarts, 0);
  await assert.rejects(
    kept.replaceWhile(async () => {
      throw new Error('disk full');
    }),
    /disk full/,
  );
  await machine.nth(4);
  await kept.stop(1000);
});

test('what is asked for while the work of another is done is done in the same pause', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  const begun = Promise.withResolvers<void>();
  const work = Promise.withResolvers<void>();
  const first = kept.replaceWhile(() => {
    begun.resolve();
    return work.promise;
  });
  await begun.promise;
  const second = kept.restart(command('b'));
  work.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(machine.started, ['a', 'b']);
  await kept.stop(1000);
});

test('what is asked for while it is being started ends it and starts it again', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  const gate = Promise.withResolvers<void>();
  machine.mayStart = gate.promise;
  const first = kept.restart(command('b'));
  await machine.nth(2);
  const second = kept.restart(command('c'));
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(machine.started, ['a', 'b', 'c']);
  assert.equal(kept.restarts, 0);
  await kept.stop(1000);
});

test('who asks for what cannot be started is told, and the next who asks need not wait for it', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  machine.mayStart = Promise.reject(new Error('no such folder'));
  await assert.rejects(kept.restart(command('b')), /no such folder/);
  machine.mayStart = Promise.resolve();
  await kept.restart(command('c'));
  assert.deepEqual(machine.started, ['a', 'b', 'c']);
  await kept.stop(1000);
});

test('stopping wakes what waits, and ends a stopped process too', async () => {
  const machine = new FakeMachine();
  const kept = new KeptProcess(machine, command('a'), clock);
  await kept.start();
  machine.end({ code: 1, signal: null });
  await new Promise((resolve) => setImmediate(resolve));
  await kept.stop(1000);
  assert.equal(machine.started.length, 1);
});

test('an end that is final is followed by nothing', async () => {
  const machine = new FakeMachine();
  const waits: (number | undefined)[] = [];
  const kept = new KeptProcess(machine, command('a'), clock, {
    isFinal: (e) => e.code === 78,
    onExit: (_, wait) => waits.push(wait),
  });
  await kept.start();
  machine.end({ code: 78, signal: null });
  await new Promise((resolve) => setImmediate(resolve));
  await kept.restart(command('b'));
  await kept.stop(1000);
  assert.deepEqual(waits, [undefined]);
  assert.equal(machine.started.length, 1);
});
