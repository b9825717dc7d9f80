import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import { formatAddress, isLocal, parseAddress } from './address.ts';

test('addresses are read and written', () => {
  for (const text of ['unix:/run/umbra.sock', '127.0.0.1:18000', 'localhost:0', '[::1]:18000'])
    assert.equal(formatAddress(parseAddress(text)), text);
});

test('what is no address is refused, with what would be one', () => {
  for (const text of ['', 'unix:', '18000', 'localhost', 'localhost:', '::1:80', '[::1]', 'a:b:c', '127.0.0.1:65536'])
    assert.throws(
      () => parseAddress(text),
      (error) => error instanceof UmbraError && error.code === 'UMB0307' && /HOST:PORT/.test(error.remedy),
      text,
    );
});

test('only loopback and Unix sockets are local', async () => {
  for (const text of [
    'unix:/run/umbra.sock',
    '127.0.0.1:1',
    '127.8.9.10:1',
    '[::1]:1',
    '[::ffff:127.0.0.1]:1',
    'localhost:1',
  ])
    assert.equal(await isLocal(parseAddress(text)), true, text);
  for (const text of [
    '0.0.0.0:1',
    '[::]:1',
    '192.0.2.1:1',
    '[2001:db8::1]:1',
    '[::ffff:192.0.2.1]:1',
    'no.such.host.invalid:1',
  ])
    assert.equal(await isLocal(parseAddress(text)), false, text);
});
