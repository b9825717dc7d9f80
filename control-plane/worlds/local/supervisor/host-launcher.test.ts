import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { wallClock } from '../../../mesh/clock.ts';
import { hostLauncher } from './host-launcher.ts';
import { KeptProcess } from './kept-process.ts';
import { processesWith } from './process-table.ts';

/** Keeps a shell script and knows every process it starts, whatever becomes of the shell. */
async function keeping(t: TestContext, script: string) {
  const mark = randomUUID();
  const left = () => processesWith('GROUP_TEST', mark);
  t.after(() => {
    for (const pid of left()) process.kill(pid, 'SIGKILL');
  });
  const env = { PATH: process.env.PATH ?? '', GROUP_TEST: mark };
  const command = { name: 'x', argv: ['sh', '-c', script], cwd: '/', env, log: '/dev/null' };
  const kept = new KeptProcess(hostLauncher, command, wallClock);
  await kept.start();
  return { kept, left };
}

/** Starts something that runs nowhere, in this folder with this PATH. */
const starting = (cwd: string, path: string) =>
  hostLauncher.start({ name: 'x', argv: ['true'], cwd, env: { PATH: path }, log: '/dev/null' });

test('without setpriv it says so, and where it was looked for', async () => {
  await assert.rejects(starting('/', '/nowhere'), { code: 'UMB0203', message: /PATH, \/nowhere$/ });
});

test('a folder that is not there is not taken for a program that is not', async () => {
  await assert.rejects(starting('/nowhere', process.env.PATH!), { message: 'its folder /nowhere is not there' });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('what a shell started ends with it, and is waited for', async (t) => {
  const { kept, left } = await keeping(t, 'sleep 1000; true');
  await until(() => left().length === 2);
  await kept.stop(60_000);
  assert.deepEqual(left(), []);
});

test('what does not hear SIGTERM is killed after the grace though its shell is gone', async (t) => {
  const { kept, left } = await keeping(t, '(trap "" TERM; sleep 1000; sleep 1000; true) & wait');
  await until(() => left().length === 3);
  await kept.stop(100);
  assert.deepEqual(left(), []);
});

test('what outlives a shell that ended by itself is gone before the next start', async (t) => {
  const { kept, left } = await keeping(t, 'sleep 1000 & sleep 0.1');
  // It ends again and again: who looks late finds more than one start.
  await until(() => kept.restarts >= 1);
  assert.ok(left().length <= 3, `${left().length} processes of one shell`);
  await kept.stop(60_000);
  assert.deepEqual(left(), []);
});
