import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replicas } from '../world-runtime.ts';
import { coresLeft, cpuExhaustion } from './cpu.ts';
import { memoryExhaustion, memoryLeft } from './memory.ts';

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

test('a replica whose group is gone is undone as it is; the others are undone beside it', async () => {
  const gone = () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  };
  const set: string[] = [];
  const replica = (n: number) => ({
    plan: { service: 'cart', replica: n, cpuLimit: 2, memoryLimit: 64 },
    cores: 0.1,
    group: {
      cpu: n === 0 ? gone : () => 2,
      memory: n === 0 ? gone : () => 64,
      setCpu: n === 0 ? gone : (cores: number) => void set.push(`${n} cpu ${cores}`),
      setMemory: n === 0 ? gone : (bytes: number) => void set.push(`${n} memory ${bytes}`),
    },
  });
  const runtime = { world: 'shadow', replicas: () => [replica(0), replica(1)] } as unknown as Replicas;
  const cpu = cpuExhaustion(runtime, { kind: 'cpu', service: 'cart', taken: 0.5 }, 0);
  const memory = memoryExhaustion(runtime, { kind: 'memory', service: 'cart', closeness: 1 });
  await cpu.undo();
  await memory.undo();
  assert.deepEqual(set, ['1 cpu 2', '1 memory 64']);
  assert.equal((await cpu.state()).inPlace, false);
  assert.equal((await memory.state()).inPlace, false);
});
