import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CREDENTIALS, isCredential, isCredentialHeader } from './credentials.ts';

test('whatever the mirror takes for a credential is one here', () => {
  const filter = readFileSync(new URL('../../../filters/mirror/names.ts', import.meta.url), 'utf8');
  const names = /CREDENTIALS = sorted`([^`]+)`/.exec(filter)![1]!.trim().split(/\s+/);
  assert.ok(names.length > 30);
  assert.deepEqual(
    names.filter((name) => !CREDENTIALS.has(name)),
    [],
  );
});

test('case, hyphens and underscores make no difference, nor x- before a header', () => {
  for (const name of ['access_token', 'accessToken', 'ACCESS-TOKEN', 'cardNumber']) assert.ok(isCredential(name), name);
  for (const name of ['x-api-key', 'Api-Key', 'X-Auth-Token', 'Set-Cookie', 'proxy-authorization'])
    assert.ok(isCredentialHeader(name), name);
  for (const name of ['amount', 'tokens', 'x-token', 'authority']) assert.ok(!isCredential(name), name);
  assert.ok(!isCredentialHeader('content-type'));
});
