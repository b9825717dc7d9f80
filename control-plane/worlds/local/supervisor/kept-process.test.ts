import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallClock } from '../../../mesh/clock.ts';
import type { Command, Exit, Launcher } from './command.ts';
import { KeptProcess } from './kept-process.ts';

/** Processes that live until they are told to end. */
class FakeMachine implements Launcher {
  readonly started: string[] = [];
  readonly signals: string[] = [];
  readonly #waiting: (() => void)[] = [];
  end: (exit: Exit) => void = () => {};
  async start(command: Command) {
    this.started.push(command.argv.join(' '));
    const exited = new Promise<Exit>((resolve) => {
      this.end = resolve;
    });
    for (const wake of this.#waiting.splice(0)) wake();
    return {
      pid: 0,
      exited,
      signal: (signal: string) => {
        this.signals.push(signal);
        if (signal === 'SIGTERM' || signal === 'SIGKILL') this.end({ code: null, signal });
      },
      tell: () => {},
    };
  }
  async probe() {
    return true;
  }
  async replaceData() {}
  async sameData() {
    return false;
  }
  async boundLogs() {}
  async nth(n: number) {
    while (this.started.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const command = (word: string): Command => ({ name: 'x', argv: [word], cwd: '/', env: {}, log: '/dev/null' });
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
  await kept.stop(1000);
  assert.deepEqual(waits, [undefined]);
  assert.equal(machine.started.length, 1);
});
