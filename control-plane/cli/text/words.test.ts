import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, number, paint, percent, plain, signed, table } from './words.ts';

test('durations in the unit that fits', () => {
  assert.deepEqual([340, 4_200, 12_000, 119_000, 240_000, 10_800_000, 200_000_000].map(duration), [
    '340 ms',
    '4.2 s',
    '12 s',
    '119 s',
    '4 min',
    '3 h',
    '2 d',
  ]);
});

test('what is not a number is a dash', () => {
  for (const x of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.deepEqual([number(x), percent(x), signed(x)], ['–', '–', '–']);
  }
  assert.deepEqual([signed(0.2), signed(-0.2), percent(0.5)], ['+0.200', '-0.200', '50.0%']);
});

test('only all is 100%', () => {
  assert.deepEqual([0.9994, 0.9996, 1 - 1e-9, 1].map(percent), ['99.9%', '99.9%', '99.9%', '100.0%']);
});

test('columns align, colours take no room', () => {
  const p = paint(true);
  const text = table(
    [
      ['a', p.good('12'), 'x'],
      ['long', '3', 'y'],
    ],
    [1],
  );
  const lines = text.replaceAll('\x1b[32m', '').replaceAll('\x1b[0m', '').split('\n');
  assert.deepEqual(lines, ['a     12  x', 'long   3  y']);
});

test('no colours where none are wanted', () => {
  assert.equal(paint(false).bad('text'), 'text');
  assert.equal(paint(true).bad('text'), '\x1b[31mtext\x1b[0m');
});

test('control characters are shown, not obeyed; lines and tabs stay', () => {
  assert.equal(plain('a\x1b[2J\x07b\nc\td\u009b'), 'a\\x1b[2J\\x07b\nc\td\\x9b');
});
