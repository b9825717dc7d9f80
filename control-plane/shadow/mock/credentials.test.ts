import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isCredential, isCredentialHeader } from './credentials.ts';

test('whatever the mirror takes for a credential is one here, and pages are none', () => {
  const filter = readFileSync(new URL('../../../filters/mirror/names.ts', import.meta.url), 'utf8');
  const list = (name: string) => new RegExp(`${name} = \\w+\`([^\`]+)\``).exec(filter)![1]!.trim().split(/\s+/);
  const plain = Number(/PLAIN: u32 = (\d+)/.exec(filter)![1]);
  const ends = list('ENDS').slice(plain);
  assert.ok(ends.length > 10 && list('EXACT').length > 10);
  for (const name of [...list('EXACT'), ...ends, ...ends.map((end) => `user_${end}`)])
    assert.ok(isCredential(name), name);
  for (const name of list('ENDS').slice(0, plain)) assert.ok(!isCredential(name), name);
});

test('case, hyphens and underscores make no difference, nor x- before a header', () => {
  for (const name of ['access_token', 'accessToken', 'ACCESS-TOKEN', 'cardNumber', 'user[password]', 'login.pwd'])
    assert.ok(isCredential(name), name);
  for (const name of ['x-api-key', 'Api-Key', 'X-Auth-Token', 'Set-Cookie', 'proxy-authorization'])
    assert.ok(isCredentialHeader(name), name);
  for (const name of ['amount', 'tokens', 'token_type', 'authority', 'next_page_token'])
    assert.ok(!isCredential(name), name);
  assert.ok(!isCredentialHeader('content-type'));
});
