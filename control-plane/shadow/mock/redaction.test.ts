import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redaction } from './redaction.ts';

const CARD = '4242424242424242';
const rules = redaction();

const bodies: [type: string, sent: string, kept: string | undefined][] = [
  [
    'application/json',
    '{"token":"t","n":1,"x":"card 4242 4242 4242 4242"}',
    '{"token":"redacted","n":1,"x":"card redacted"}',
  ],
  [
    'application/json; charset=utf-8',
    '{"client_secret":{"a":["b",1,true]}}',
    '{"client_secret":{"a":["redacted",0,null]}}',
  ],
  ['application/problem+json', `[${CARD},12345678901234567890,1.5]`, '[0,0,1.5]'],
  ['application/json', '{"token":"{{request.token}}"}', '{"token":"{{request.token}}"}'],
  ['application/json', '{"token":', undefined],
  ['application/x-www-form-urlencoded', `a=1&p%61ssword=x&c=4242+4242+4242+4242`, 'a=1&p%61ssword=redacted&c=redacted'],
  ['text/plain', '{"secret":"s"}', '{"secret":"redacted"}'],
  ['text/plain', '[Bearer abcdefgh]', '[Bearer redacted]'],
  ['text/html', '<p>token=x</p>', undefined],
  ['multipart/form-data; boundary=b', '--b', undefined],
  ['application/grpc', 'x', undefined],
  ['', 'x', undefined],
  ['', '', ''],
];
for (const [type, sent, kept] of bodies)
  test(`a body of ${type || 'no type'}: ${sent}`, () => assert.equal(rules.body(sent, type), kept));

const headers: [name: string, value: string, kept: string][] = [
  ['x-api-key', 'k', 'redacted'],
  ['Authorization', 'Bearer abc', 'redacted'],
  ['location', '/cb?code=1&access_token=s', '/cb?code=1&access_token=redacted'],
  ['location', `https://x.example/u/${CARD}?a`, 'https://x.example/u/redacted?a'],
  ['x-note', `card ${CARD}`, 'card redacted'],
  ['content-type', 'application/json', 'application/json'],
];
for (const [name, value, kept] of headers)
  test(`a header ${name}: ${value}`, () => assert.equal(rules.header(name, value), kept));

test('paths are read undone of their escapes, and left as they were written where nothing is secret', () => {
  assert.equal(rules.path('/a%20b/c?q=%7B%7D&x'), '/a%20b/c?q=%7B%7D&x');
  assert.equal(
    rules.path('/u/4242%204242%204242%204242?token=a=b&Token=c'),
    '/u/redacted?token=redacted&Token=redacted',
  );
  assert.equal(rules.path('/%E0%A4%A'), '/%E0%A4%A');
});

test('what a document names is redacted as well', () => {
  const more = redaction({ headers: ['X-Mine'], query: ['q'], jsonFields: ['Name'] });
  assert.equal(more.header('x-mine', 'v'), 'redacted');
  assert.equal(more.path('/a?q=1&r=2'), '/a?q=redacted&r=2');
  assert.equal(
    more.body('{"person":{"name":"Ann"},"n":1}', 'application/json'),
    '{"person":{"name":"redacted"},"n":1}',
  );
});
