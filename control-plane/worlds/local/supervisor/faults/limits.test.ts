import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coresLeft } from './cpu.ts';
import { memoryLeft } from './memory.ts';

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

test('CPU is taken from a declared limit, or from twice what is used', () => {
  close(coresLeft(0.5, 1, 0.2, 0), 0.5);
  close(coresLeft(0.5, 0, 0.2, 0), 0.2);
  close(coresLeft(0.95, 0, 0.01, 0), 0.02);
  close(coresLeft(0, 4, 0, 1), 1);
  close(coresLeft(7, 1, 0, 0), 0.05);
});

test('memory is drawn to what is used', () => {
  assert.equal(memoryLeft(1, 100e6), 100e6);
  assert.equal(memoryLeft(0, 100e6), 140e6);
  assert.equal(memoryLeft(5, 100e6), 100e6);
  assert.equal(memoryLeft(1, 0), 8 * 2 ** 20);
});
