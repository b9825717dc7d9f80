import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MachineLoad, parseProcessorTimes } from './machine-load.ts';

const stat = (user: number, nice: number, system: number, idle: number, steal = 0) =>
  `cpu  ${user} ${nice} ${system} ${idle} 0 0 0 ${steal} 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nintr 1 2\n`;

test('what is idle, waits for a disk or has a low priority is free', () => {
  assert.deepEqual(parseProcessorTimes('cpu  100 200 300 400 500 10 20 30 9 9\n'), { total: 15.6, free: 11 });
  for (const odd of ['', 'cpu0 1 2 3 4 5 6 7 8\n', 'cpu  1 2 3\n', 'cpu  a b c d e f g h\n'])
    assert.equal(parseProcessorTimes(odd), undefined, odd);
});

test('busy is what does not give way, over the last seconds', () => {
  let text = stat(0, 0, 0, 0);
  const load = new MachineLoad(() => text);
  assert.equal(load.sample(0), undefined, 'one reading says nothing');
  // Of two cores' second: 0.6 s of users, 0.2 s of the system, 0.4 s of low priority.
  text = stat(60, 40, 20, 80);
  assert.ok(Math.abs(load.sample(0)! - 0.4) < 1e-9);
  // The shadow's half a second is not production's trouble; a time stolen by the host is.
  text = stat(160, 40, 20, 160, 20);
  assert.ok(Math.abs(load.sample(0.5)! - (0.8 + 1.2 - 0.5) / 4) < 1e-9);
  // A process of the shadow ended and took its count with it.
  text = stat(260, 40, 20, 240, 40);
  assert.ok(Math.abs(load.sample(0.1)! - (1.5 + 1.2) / 6) < 1e-9);
});

test('an old load is forgotten', () => {
  let [user, idle] = [0, 0];
  const load = new MachineLoad(() => stat(user, 0, 0, idle));
  for (let i = 0; i < 10; i++, user += 100) load.sample(0);
  let busy: number | undefined;
  for (let i = 0; i < 6; i++, idle += 100) busy = load.sample(0);
  assert.ok(busy! < 0.2, `${busy}`);
});

test('a machine that does not tell is unknown, not idle', () => {
  const load = new MachineLoad(() => {
    throw new Error('no such file');
  });
  assert.equal(load.sample(0), undefined);
  assert.equal(load.sample(0), undefined);
});

test('this machine tells', { skip: process.platform !== 'linux' }, () => {
  const times = parseProcessorTimes(readFileSync('/proc/stat', 'latin1'));
  assert.ok(times && times.total > times.free && times.free > 0);
});
