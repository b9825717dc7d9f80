import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progress, retimed } from './progress.ts';

test('every line has one time, the others go as they are', () => {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const say = progress(print);
  say('starting');
  const say2 = retimed(say, print);
  for (const line of ['  12.3s  ready', '', '  dashboard  http://127.0.0.1:1/']) say2(line);
  const [first, second, ...rest] = printed;
  assert.match(first!, /^ +\d+\.\ds {2}starting$/);
  assert.match(second!, /^ +\d+\.\ds {2}ready$/);
  assert.deepEqual(rest, ['', '  dashboard  http://127.0.0.1:1/']);
});
