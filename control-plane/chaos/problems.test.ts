import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import { createProblems } from './problems.ts';

test('a problem is told when it is new, with code and remedy, and shown until it is over', () => {
  const logged: string[] = [];
  const alerts: string[] = [];
  const log = (_: object, message: string) => void logged.push(message);
  const problems = createProblems({ info: log, warn: log, error: log }, (message) => alerts.push(message));
  const full = new UmbraError('UMB1001', 'disk full');
  problems.stands('state', full);
  problems.stands('state', new UmbraError('UMB1001', 'disk full'));
  problems.stands('training', new UmbraError('UMB0603', 'NaN'));
  assert.equal(alerts.length, 2);
  assert.match(alerts[0]!, /^UMB1001 .*: disk full\. /);
  assert.ok(alerts[0]!.endsWith(full.remedy));
  assert.deepEqual(problems.texts(), alerts);

  problems.stands('state', new UmbraError('UMB1001', 'the connection to the supervisor was lost'));
  assert.equal(alerts.length, 3);
  assert.deepEqual(new Set(problems.texts()), new Set(alerts.slice(1)));
  problems.over('state');
  problems.over('state');
  assert.deepEqual(problems.texts(), [alerts[1]]);
  assert.equal(logged.length, 4);
});
