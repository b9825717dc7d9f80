import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Registry } from 'prom-client';
import { createExamplePlane } from '../../test/dashboard/example-plane.ts';
import { exampleRecords } from '../../test/dashboard/example-records.ts';
import { wallClock } from '../mesh/clock.ts';
import { createMetrics } from './metrics.ts';
import { createApi } from './server.ts';

test('what is now is read when scraped', async () => {
  const plane = createExamplePlane(wallClock);
  const { registry, close } = createMetrics(plane);
  const text = await registry.metrics();
  for (const line of [
    /^umbra_goodput\{world="production"\} \d/m,
    /^umbra_offered\{world="shadow"\} \d/m,
    /^umbra_leases\{world="shadow",type="fault"\} 1$/m,
    /^umbra_patterns\{status="trusted"\} 2$/m,
    /^umbra_budget_balance_risk_seconds 364$/m,
    /^umbra_policy_info\{version="p-2026\.11\+r3",kind="onnx"\} 1$/m,
    /^umbra_mirror_dropped_total\{reason="over the cap"\} 12$/m,
    /^umbra_denied_total\{what="literal address"\} 2$/m,
    /^umbra_denied_target_total\{target="203\.0\.113\.9:443"\} 2$/m,
    /^umbra_proxies\{world="production",state="acknowledged"\} 5$/m,
    /^umbra_shadow_fidelity 0\.964$/m,
    /^umbra_shadow_route_fidelity\{route="recommendations"\} 0\.871$/m,
    /^umbra_shadow_route_fidelity_low\{route="recommendations"\} 0\.79$/m,
    /^umbra_shadow_route_noise_floor\{route="recommendations"\} 0\.412$/m,
    /^umbra_shadow_route_compared_total\{route="checkout"\} 31$/m,
    /^process_cpu_seconds_total /m,
  ]) {
    assert.match(text, line);
  }
  assert.doesNotMatch(text, /umbra_shadow_route_fidelity\{route="checkout"/, 'too few for a number');
  plane.status_ = { ...plane.status_, policy: { ...plane.status_.policy, version: 'next' } };
  const later = await registry.metrics();
  assert.match(later, /umbra_policy_info\{version="next"/);
  assert.doesNotMatch(later, /umbra_policy_info\{version="p-2026/, 'the policy before is not in force any more');
  close();
});

test('an incident is open for its likeliest origin while users suffer', async (t) => {
  const plane = createExamplePlane(wallClock);
  const { registry, close } = createMetrics(plane);
  t.after(close);
  const [mitigated] = exampleRecords(wallClock.now()).incidents;
  const shown = async (change: object) => {
    Object.assign(plane.records.incidents, { list: () => [{ ...mitigated, ...change }] });
    return (await registry.metrics()).match(/^umbra_incidents_open\{.*\} [1-9]\d*$/gm);
  };
  assert.equal(await shown({}), null, 'mitigated: users are well');
  assert.deepEqual(await shown({ state: 'open', origins: ['catalog', 'payments'] }), [
    'umbra_incidents_open{service="catalog"} 1',
  ]);
  assert.deepEqual(await shown({ state: 'open', origins: [] }), ['umbra_incidents_open{service="unknown"} 1']);
  assert.match(
    await registry.metrics(),
    /^umbra_incidents_open\{service="payments"\} 0$/m,
    'each service has a series',
  );
});

test('a service is frozen by an order of its own and by one of everything', async (t) => {
  const plane = createExamplePlane(wallClock);
  const { registry, close } = createMetrics(plane);
  t.after(close);
  const frozen = async () =>
    [...(await registry.metrics()).matchAll(/^umbra_frozen\{service="(.*)"\} 1$/gm)].map(([, service]) => service);
  const order = { by: 'carol', reason: '', ttlMs: 60_000 };
  assert.deepEqual(await frozen(), []);
  await plane.override({ ...order, order: { type: 'freeze', service: 'cart' } });
  await plane.override({ ...order, order: { type: 'forbid', what: 'retry' } });
  assert.deepEqual(await frozen(), ['cart']);
  await plane.override({ ...order, order: { type: 'freeze' } });
  assert.deepEqual(await frozen(), Object.keys(plane.status().modes));
});

test('parts that count for themselves are shown with the rest', async (t) => {
  const plane = createExamplePlane(wallClock);
  const part = new Registry();
  new Counter({ name: 'umbra_part_total', help: 'x', registers: [part] }).inc(3);
  const api = await createApi({ plane: Object.assign(plane, { registries: [part] }), token: 'x'.repeat(16) });
  t.after(() => api.close());
  const { body } = await api.inject({ url: '/metrics', headers: { host: '127.0.0.1' } });
  assert.match(body, /^umbra_part_total 3$/m);
  assert.match(body, /^umbra_goodput/m);
});

test('what happened is counted once, however often it is told', async () => {
  const plane = createExamplePlane(wallClock);
  const { registry, close } = createMetrics(plane);
  const { incidents, episodes, decisions } = exampleRecords(wallClock.now());
  for (let again = 0; again < 3; again++) {
    for (const incident of incidents) plane.emit({ type: 'incident', incident });
    for (const episode of episodes) plane.emit({ type: 'episode', episode });
    for (const decision of decisions) plane.emit({ type: 'decision', decision });
  }
  const before = { ...incidents[0]!, id: 'before', detectedAt: plane.status().startedAt - 1 };
  plane.emit({ type: 'incident', incident: before });
  const text = await registry.metrics();
  assert.match(text, /^umbra_incidents_opened_total 3$/m, 'one that was open before the start is not counted again');
  assert.match(text, /^umbra_incidents_total\{source="policy"\} 1$/m);
  assert.match(text, /^umbra_incidents_total\{source="none"\} 1$/m);
  assert.doesNotMatch(text, /umbra_incidents_total\{source="pattern"\}/, 'the open incident is not counted yet');
  assert.match(text, /^umbra_episodes_total\{class="dependency",control="true"\} 1$/m);
  assert.match(text, /^umbra_episodes_total\{class="network",control="false"\} 2$/m);
  assert.match(text, /^umbra_mitigations_successful_total\{world="production",class="circuit-breaking"\} 1$/m);
  assert.match(text, /^umbra_detection_delay_seconds_count\{world="production"\} 3$/m);
  assert.match(text, /^umbra_detection_delay_seconds_bucket\{le="3",world="production"\} 2$/m);
  assert.match(text, /^umbra_recovery_seconds_count 2$/m);
  close();
  plane.emit({ type: 'incident', incident: { ...incidents[1]!, id: 'late' } });
  assert.equal(await registry.metrics(), '\n', 'closed: nothing is followed or shown');
});
