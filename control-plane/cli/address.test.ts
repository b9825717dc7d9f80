import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import { readAddress } from './address.ts';

test('a path with or without its scheme, and a host with its port', () => {
  assert.deepEqual(readAddress('unix:/run/xds.sock'), { pipe: '/run/xds.sock' });
  assert.deepEqual(readAddress('/run/xds.sock'), { pipe: '/run/xds.sock' });
  assert.deepEqual(readAddress('10.0.0.1:18000'), { host: '10.0.0.1', port: 18000 });
  assert.deepEqual(readAddress('[::1]:80'), { host: '::1', port: 80 });
});

test('what is no address is an invalid request that names it', () => {
  for (const text of ['nonsense', '10.0.0.1', ':80', 'host:99999', 'unix:', ''])
    assert.throws(
      () => readAddress(text),
      (error) => error instanceof UmbraError && error.code === 'UMB0803' && error.message.includes(`"${text}"`),
      text,
    );
});
