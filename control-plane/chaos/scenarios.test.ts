import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultKind, faultKinds } from '../mesh/fault.ts';
import { shop } from '../telemetry/testing/traffic.ts';
import { faultOf, keyOf, scenariosOf } from './scenarios.ts';

const all = new Set(Object.keys(faultKinds) as FaultKind[]);

test('every class is there; standbys are never aimed at; outside ones only by their mock', () => {
  const scenarios = scenariosOf(shop(), all);
  assert.deepEqual(new Set(scenarios.map((s) => s.class)), new Set(Object.values(faultKinds).map((k) => k.class)));
  for (const s of scenarios) {
    assert.ok('service' in s.target);
    assert.notEqual(s.target.service, 'pay-standby');
    assert.equal(s.kind === 'dependency', s.target.service === 'bank');
    assert.ok(s.prospect > 0 && s.prospect <= 1);
  }
  const whole = scenarios.filter((s) => 'service' in s.target && s.target.service === 'web' && s.kind === 'outage');
  assert.ok(
    whole.every((s) => 'service' in s.target && s.target.replica === 0),
    'the entry is never taken down whole',
  );
});

test('keys are unique, and a fault leads back to its scenario', () => {
  const scenarios = scenariosOf(shop(), all);
  assert.equal(new Set(scenarios.map((s) => s.key)).size, scenarios.length);
  for (const s of scenarios) assert.equal(keyOf(faultOf(s, s.magnitude, 1000, 1)), s.key);
});

test('kinds the world cannot do, or nobody wants, and excluded services are left out', () => {
  assert.deepEqual(scenariosOf(shop(), new Set()), []);
  const some = scenariosOf(shop(), all, { kinds: ['latency', 'abort'], exclude: ['pay'] });
  assert.deepEqual(new Set(some.map((s) => s.kind)), new Set(['latency', 'abort']));
  assert.ok(some.every((s) => 'service' in s.target && s.target.service !== 'pay'));
});
