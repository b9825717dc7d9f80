import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recording } from './recording.ts';
import { isCardNumber, redaction } from './redaction.ts';
import { readSample } from './sample.ts';

const trace = (more: object = {}) =>
  JSON.stringify({
    http_buffered_trace: {
      request: {
        headers: [
          { key: ':method', value: 'POST' },
          { key: ':path', value: '/charges?token=abc&x=1' },
        ],
        body: { as_string: '{"amount":1250,"card":"4242 4242 4242 4242"}' },
      },
      response: {
        headers: [
          { key: ':status', value: '201' },
          { key: 'content-type', value: 'application/json' },
          { key: 'set-cookie', value: 's=1' },
          { key: 'date', value: 'today' },
        ],
        body: { as_string: '{"amount":1250,"paid":1250,"token":"t0k","from":"card 4242424242424242","id":"r-1"}' },
        ...more,
      },
    },
  });

test('a tapped exchange becomes an answer: its echo kept as a reference, its secrets not at all', () => {
  const recording = new Recording(redaction());
  const sample = readSample(trace())!;
  recording.add(sample);
  recording.add(sample);
  assert.deepEqual(recording.answers(), [
    {
      method: 'POST',
      path: '/charges',
      status: 201,
      headers: { 'content-type': 'application/json' },
      body: '{"amount":"{{request.amount}}","paid":"{{request.amount}}","token":"redacted","from":"card redacted","id":"r-1"}',
      seen: 2,
    },
  ]);
});

test('bodies that came as bytes are read; what is cut off or no exchange is not', () => {
  const bytes = Buffer.from('{"a":1}').toString('base64');
  assert.equal(readSample(trace({ body: { as_bytes: bytes } }))?.body, '{"a":1}');
  for (const text of [
    '',
    '{',
    '{}',
    '{"http_buffered_trace":{}}',
    trace({ body: { as_string: 'x', truncated: true } }),
    trace({ headers: [] }),
  ])
    assert.equal(readSample(text), undefined, text);
});

test('what a document names is redacted as well', () => {
  const rules = redaction({ headers: ['X-Mine'], query: ['q'], jsonFields: ['Name'] });
  assert.equal(rules.header('x-mine', 'v'), 'redacted');
  assert.equal(rules.header('authorization', 'Bearer abcdefgh'), 'redacted');
  assert.equal(rules.path('/a?q=1&r=2'), '/a?q=redacted&r=2');
  assert.equal(rules.body('{"person":{"name":"Ann"},"n":1}'), '{"person":{"name":"redacted"},"n":1}');
  assert.equal(rules.body('plain, Bearer abcdefghij'), 'plain, Bearer redacted');
});

test('card numbers are told from other digits', () => {
  assert.ok(isCardNumber('4242424242424242'));
  assert.ok(!isCardNumber('4242424242424241'));
});

test('a recording goes on from what was kept, and is bounded', () => {
  const before = { method: 'GET', path: '/old', status: 200, headers: {}, body: '', seen: 5 };
  const recording = new Recording(redaction(), [before]);
  for (let i = 0; i < 300; i++)
    recording.add({
      method: 'GET',
      path: `/word${'x'.repeat(i % 5)}/${'abcdefghij'[i % 10]}/${i}x`,
      requestBody: '',
      status: 200 + i,
      headers: {},
      body: '',
    });
  assert.equal(recording.answers().length, 200);
  assert.ok(!recording.answers().some((a) => a.path === '/old'));
});
