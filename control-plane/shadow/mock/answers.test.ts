import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFor, fillBody, pathPattern } from './answers.ts';

const paths: [path: string, pattern: string][] = [
  ['/charges', '/charges'],
  ['/charges/42?x=1', '/charges/*'],
  ['/v1/charges/ch_3f9a8b7c6d5e', '/v1/charges/*'],
  ['/users/550e8400-e29b-41d4-a716-446655440000/cards', '/users/*/cards'],
  ['/reports/monthly-summary', '/reports/monthly-summary'],
];
for (const [path, pattern] of paths)
  test(`${path} is one of ${pattern}`, () => assert.equal(pathPattern(path), pattern));

const answer = (method: string, path: string, status: number, seen = 1) => ({
  method,
  path,
  status,
  seen,
  headers: {},
  body: '',
});

test('the nearest recorded answer: method, path, success before failure, exact before pattern, most seen', () => {
  const answers = [
    answer('POST', '/charges', 503, 50),
    answer('POST', '/charges', 201, 3),
    answer('GET', '/charges/*', 200, 9),
    answer('GET', '/charges/latest', 200, 1),
  ];
  assert.equal(answerFor(answers, 'POST', '/charges')?.status, 201);
  assert.equal(answerFor(answers, 'GET', '/charges/17?full=1')?.path, '/charges/*');
  assert.equal(answerFor(answers, 'GET', '/charges/latest')?.path, '/charges/latest');
  assert.equal(answerFor(answers, 'DELETE', '/charges'), undefined);
  assert.equal(answerFor(answers, 'GET', '/refunds/1'), undefined);
});

test('what a request said is said back, with its type', () => {
  const body = '{"charged":"{{request.amount}}","note":"{{request.none}}","n":[{"c":"{{request.currency}}"}]}';
  assert.deepEqual(JSON.parse(fillBody(body, '{"amount":12.5,"currency":"EUR"}')), {
    charged: 12.5,
    note: null,
    n: [{ c: 'EUR' }],
  });
  assert.deepEqual(JSON.parse(fillBody(body, 'not JSON')), { charged: null, note: null, n: [{ c: null }] });
  assert.equal(fillBody('plain', '{}'), 'plain');
});
