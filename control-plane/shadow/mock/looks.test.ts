import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCardNumber, withoutSecrets } from './looks.ts';

const texts: [sent: string, kept: string][] = [
  ['card 4242 4242 4242 4242 ok', 'card redacted ok'],
  ['4242-4242-4242-4242', 'redacted'],
  ['a4242424242424242', 'a4242424242424242'],
  ['4242424242424241', '4242424242424241'],
  ['0000000000000000', '0000000000000000'],
  ['of 12 4242 4242 4242 4242 12 34', 'of 12 redacted 12 34'],
  ['4242 4242 4242 4242 5555 5555 5555 4444', 'redacted redacted'],
  ['plain, bearer abcdefghij', 'plain, bearer redacted'],
  ['Basic am9lOnNlY3JldA==', 'Basic redacted'],
  ['at eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!', 'at redacted!'],
  ['the bearer of bad news', 'the bearer of bad news'],
  ['12 monkeys, 2026-11-26 01:45:00', '12 monkeys, 2026-11-26 01:45:00'],
];
for (const [sent, kept] of texts) test(`by its look: ${sent}`, () => assert.equal(withoutSecrets(sent), kept));

test('card numbers are told from other digits', () => {
  assert.ok(isCardNumber('4242424242424242'));
  assert.ok(!isCardNumber('4242424242424241'));
});
