import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnv, walledEnv } from './child-env.ts';
import { RUN_ID_VARIABLE } from './layout.ts';

const own = {
  PATH: '/bin',
  HOME: '/home/u',
  LC_ALL: 'C',
  DB_PASSWORD: 'hunter2',
  DATABASE_URL: 'postgres://u:hunter2@db',
  UMBRA_TOKEN: 't',
  NODE_OPTIONS: '--title=hunter2',
  GONE: undefined,
};

test('what a run starts has the caller’s environment, this Node first, and the run’s id', () => {
  const env = childEnv(own, 'abcd');
  assert.match(env.PATH!, /^\/.+:\/bin$/);
  assert.equal(env[RUN_ID_VARIABLE], 'abcd');
  assert.equal(env.DB_PASSWORD, 'hunter2');
  assert.ok(!('GONE' in env));
});

test('Umbra’s own programs in the shadow have what they need and no secret, whatever its name', () => {
  const env = childEnv(own, 'abcd');
  assert.deepEqual(walledEnv(env), {
    PATH: env.PATH,
    HOME: '/home/u',
    LC_ALL: 'C',
    [RUN_ID_VARIABLE]: 'abcd',
  });
});
