import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browsing, nextShot, shopping } from './mix.ts';
import { tracesOf, Users } from './users.ts';

test('nobody is logged in at first: the first request that needs a session is a login', () => {
  const users = new Users('r');
  // 0.55 of the way through the mix is a request with a session.
  const shot = nextShot(shopping, users, () => 0.55);
  assert.equal(shot.path, '/login');
  shot.learn?.({ headers: { 'set-cookie': ['sid=abc; Path=/'] }, body: '{}' });
  assert.equal(users.any(() => 0)?.cookie, 'sid=abc');
  const next = nextShot(shopping, users, () => 0.55);
  assert.notEqual(next.path, '/login');
  assert.equal(next.headers.cookie, 'sid=abc');
});

test('an order has a key of its own, is protected, and can be looked at afterwards', () => {
  const users = new Users('r');
  users.add('sid=abc');
  const only = { checkout: 1 };
  const shot = nextShot(only, users, Math.random);
  assert.equal(shot.protected, true);
  assert.equal(shot.headers['idempotency-key'], 'r-0');
  assert.equal(nextShot(only, users, Math.random).headers['idempotency-key'], 'r-1');
  shot.learn?.({ headers: {}, body: '{"orderId":"ord_1"}' });
  assert.equal(nextShot({ order: 1 }, users, Math.random).path, '/orders/ord_1');
});

test('a crowd changes nothing in the shop', () => {
  const users = new Users('r');
  users.add('sid=abc');
  for (let i = 0; i < 200; i++) assert.equal(nextShot(browsing, users, Math.random).method, 'GET');
});

test('a run knows what it made and nothing else', () => {
  const users = new Users('r1');
  users.newCredential();
  users.newKey();
  users.newKey();
  const traces = tracesOf('r1', users.issued);
  assert.equal(traces.accounts.size, 1);
  assert.deepEqual(
    ['r1-0', 'r1-1', 'r1-2', 'r1-01', 'r1-', 'r1-x', 'r10', 'r2-0', ''].filter((key) => traces.isKey(key)),
    ['r1-0', 'r1-1'],
  );
  assert.deepEqual(
    [...tracesOf('r2', users.issued).accounts].filter((a) => traces.accounts.has(a)),
    [],
  );
});
