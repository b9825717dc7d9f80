import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMicros, residentBytes } from './process.ts';

const skip = process.platform !== 'linux';

test('CPU time is what the process itself is told of, in µs', { skip }, () => {
  const before = cpuMicros(process.pid);
  const own = process.cpuUsage();
  let sink = 0;
  do for (let i = 0; i < 1e6; i++) sink += Math.sqrt(i);
  while (process.cpuUsage(own).user < 60_000);
  const used = process.cpuUsage(own);
  const counted = cpuMicros(process.pid) - before;
  assert.ok(sink > 0);
  // Seconds for microseconds, ticks for nanoseconds or one thread for all would be off by more.
  const ratio = counted / (used.user + used.system);
  assert.ok(ratio > 0.5 && ratio < 2, `${counted} µs against ${used.user + used.system} µs`);
});

test('a process’s CPU time and memory are read', { skip }, () => {
  const cpu = cpuMicros(process.pid) / 1000;
  const { user, system } = process.cpuUsage();
  assert.ok(cpu > 0 && cpu <= (user + system) / 1000 + 100, `${cpu} ms`);
  const resident = residentBytes(process.pid);
  assert.ok(resident > 10e6 && resident < 10e9, `${resident} bytes`);
});
