import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallClock } from '../../../mesh/clock.ts';
import type { Exit } from './command.ts';
import { ControlPlaneProcess } from './control-plane-process.ts';
import { FakeMachine } from './testing/fake-machine.ts';

const ready = { dashboard: 'd', api: 'a' };
const fatal = { code: 78, signal: null };

function make() {
  const machine = new FakeMachine();
  const said: string[] = [];
  let heard = () => {};
  const controlPlane = new ControlPlaneProcess({
    launcher: machine,
    run: '/nowhere',
    env: {},
    argv: ['main'],
    clock: wallClock,
    say: (line) => {
      said.push(line.split('\n')[0]!);
      heard();
    },
  });
  /** Resolves when that was noticed. */
  const end = (exit: Exit) =>
    new Promise<void>((resolve) => {
      heard = resolve;
      machine.end(exit);
    });
  return { machine, said, controlPlane, end };
}

test('a first start that cannot succeed is given up', async () => {
  const { machine, said, controlPlane, end } = make();
  await controlPlane.start();
  await end(fatal);
  await assert.rejects(controlPlane.ready, { code: 'UMB0405' });
  assert.deepEqual(said, ['the control plane ended (78); not to be started again']);
  await controlPlane.stop(1000);
  assert.equal(machine.started.length, 1);
});

test('once it was ready it is started again for good, less and less often, and each time that is said', async () => {
  const { machine, said, controlPlane, end } = make();
  await controlPlane.start();
  controlPlane.saidReady(ready);
  for (let i = 1; i <= 9; i++) {
    await end(fatal);
    // Nobody waits for the time between: it is started at once for another reason.
    const again = controlPlane.restart(() => {}, 1000);
    await machine.nth(i + 1);
    controlPlane.saidReady(ready);
    await again;
  }
  assert.deepEqual(
    said.map((line) => /again in ([\d.]+) s/.exec(line)?.[1]),
    ['0.5', '1', '2', '4', '8', '16', '32', '60', '60'],
  );
  await controlPlane.stop(1000);
});

test('a restart does its work while it is down, and is over when it is ready again', async () => {
  const { machine, controlPlane } = make();
  await controlPlane.start();
  assert.equal(controlPlane.wasReady, false);
  controlPlane.saidReady(ready);
  assert.equal(controlPlane.wasReady, true);
  const happened: string[] = [];
  const restarted = controlPlane.restart(() => happened.push(`work after ${machine.started.length} start`), 1000);
  void restarted.then(() => happened.push('over'));
  await machine.nth(2);
  // What it waits for has had its turn.
  await new Promise((resolve) => setImmediate(resolve));
  happened.push('ready');
  controlPlane.saidReady(ready);
  await restarted;
  assert.deepEqual(happened, ['work after 1 start', 'ready', 'over']);
  await controlPlane.stop(1000);
});
