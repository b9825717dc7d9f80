import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ends, exact, pages } from '../../../test/filters/credential-words.ts';
import { isCredential, isCredentialHeader } from './credentials.ts';

test('whatever the mirror takes for a credential is one here, and pages are none', () => {
  assert.ok(ends.length > 10 && exact.length > 10);
  for (const name of [...exact, ...ends, ...ends.map((end) => `user_${end}`)]) assert.ok(isCredential(name), name);
  for (const name of pages) assert.ok(!isCredential(name), name);
});

test('case, hyphens and underscores make no difference, nor x- before a header', () => {
  for (const name of [
    'access_token',
    'accessToken',
    'ACCESS-TOKEN',
    'cardNumber',
    'user[password]',
    'login.pwd',
    'password2',
    'cvv2',
  ])
    assert.ok(isCredential(name), name);
  for (const name of ['x-api-key', 'Api-Key', 'X-Auth-Token', 'Set-Cookie', 'proxy-authorization'])
    assert.ok(isCredentialHeader(name), name);
  for (const name of ['amount', 'tokens', 'token_type', 'authority', 'next_page_token'])
    assert.ok(!isCredential(name), name);
  assert.ok(!isCredentialHeader('content-type'));
});
