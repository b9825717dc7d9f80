import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs, residentBytes } from './usage.ts';

test('a process’s CPU time and memory are read', { skip: process.platform !== 'linux' }, () => {
  const cpu = cpuMs(process.pid);
  const { user, system } = process.cpuUsage();
  assert.ok(cpu > 0 && cpu <= (user + system) / 1000 + 100, `${cpu} ms`);
  const resident = residentBytes(process.pid);
  assert.ok(resident > 10e6 && resident < 10e9, `${resident} bytes`);
});
