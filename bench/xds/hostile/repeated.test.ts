import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repeated } from './repeated.ts';

test('a turn that is over is closed, counted once, and followed by the next, until all is closed', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const overs: (() => void)[] = [];
  let closed = 0;
  let done = 0;
  const open = (over: () => void) => {
    overs.push(over);
    return { close: () => closed++ };
  };
  const repeated = new Repeated(open, () => done++);
  assert.deepEqual([overs.length, closed, done], [1, 0, 0]);
  overs[0]!();
  overs[0]!();
  assert.deepEqual([overs.length, closed, done], [1, 1, 1]);
  t.mock.timers.runAll();
  assert.deepEqual([overs.length, closed, done], [2, 1, 1]);
  repeated.close();
  overs[1]!();
  t.mock.timers.runAll();
  assert.deepEqual([overs.length, closed, done], [2, 2, 1]);
});
