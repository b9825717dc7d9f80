import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillBody } from './answers.ts';
import { Recording } from './recording.ts';
import { redaction } from './redaction.ts';
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

test('what is kept as a reference is filled again, whatever the fields are called', () => {
  const recording = new Recording(redaction());
  const requestBody = '{"user.name":"anna","größe":1250,"city":"Wien"}';
  const body = '{"user.name":"anna","größe":1250,"city":"Wien"}';
  recording.add({ ...readSample(trace())!, requestBody, body });
  const [kept] = recording.answers();
  assert.equal(kept?.body, '{"user.name":"anna","größe":1250,"city":"{{request.city}}"}');
  assert.equal(fillBody(kept.body, requestBody.replace('Wien', 'Graz')), body.replace('Wien', 'Graz'));
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

test('an answer that cannot be read is not kept', () => {
  const recording = new Recording(redaction());
  const sample = readSample(trace())!;
  const typed = (headers: Record<string, string>) => recording.add({ ...sample, headers });
  assert.ok(!typed({ 'content-type': 'multipart/form-data; boundary=x' }));
  assert.ok(!typed({ 'content-type': 'application/json', 'content-encoding': 'gzip' }));
  assert.ok(!typed({}));
  assert.deepEqual(recording.answers(), []);
  assert.ok(typed({ 'content-type': 'application/json', 'content-encoding': 'identity' }));
  assert.ok(recording.add({ ...sample, headers: {}, body: '' }), 'without a body there is nothing to read');
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
