import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FanOut } from './fan-out.ts';

/** Streams that note when they are pumped; those in `silent` have nothing to send. */
function fixture(count: number, silent: readonly number[] = []) {
  const fanOut = new FanOut();
  const pumped: number[] = [];
  for (let i = 0; i < count; i++)
    fanOut.add({
      pump: () => {
        pumped.push(i);
        return !silent.includes(i);
      },
    });
  return { fanOut, pumped };
}

test('a few at once', () => {
  const { pumped } = fixture(5);
  assert.deepEqual(pumped, [0, 1, 2, 3, 4]);
});

test('of many the first at once, one more for each that was taken, in their order', async () => {
  const { fanOut, pumped } = fixture(100);
  const first = pumped.length;
  assert.ok(first < 100);
  fanOut.onTaken();
  fanOut.onTaken();
  assert.equal(pumped.length, first + 2);
  await turn();
  assert.deepEqual(pumped, [...Array(100).keys()]);
  fanOut.onTaken();
  assert.equal(pumped.length, 100);
});

test('streams without anything to send hold up no others', () => {
  const { fanOut, pumped } = fixture(200, [...Array(100).keys()]);
  const first = pumped.length;
  assert.ok(first > 100 && first < 200);
  const late = fixture(
    100,
    [...Array(10).keys()].map((i) => i + 60),
  );
  for (let i = 0; i < 60; i++) late.fanOut.onTaken();
  assert.equal(late.pumped.length, 100);
  fanOut.onTaken();
  assert.equal(pumped.length, first + 1);
});

test('after a turn of the event loop nothing is ahead', async () => {
  const { fanOut, pumped } = fixture(100);
  await turn();
  const more: number[] = [];
  for (let i = 0; i < 100; i++) fanOut.add({ pump: () => more.push(i) > 0 });
  assert.equal(pumped.length, 100);
  assert.ok(more.length > 0 && more.length < 100);
});

test('all that wait are looked at when that is asked for', async () => {
  const { fanOut, pumped } = fixture(100);
  fanOut.flush();
  assert.equal(pumped.length, 100);
  await turn();
  assert.equal(pumped.length, 100);
});

test('a stream that throws does not lose the others', async () => {
  const fanOut = new FanOut();
  const pumped: number[] = [];
  for (let i = 0; i < 100; i++)
    fanOut.add({
      pump: () => {
        if (i === 50) throw new Error('50');
        return pumped.push(i) > 0;
      },
    });
  assert.throws(() => fanOut.flush(), /50/);
  await turn();
  assert.equal(pumped.length, 99);
});

test('a stream that is added while others are sent is sent as well', async () => {
  const fanOut = new FanOut();
  let late = 0;
  for (let i = 0; i < 100; i++)
    fanOut.add({
      pump: () => {
        if (i === 99) fanOut.add({ pump: () => ++late > 0 });
        return true;
      },
    });
  await turn();
  await turn();
  assert.equal(late, 1);
});
