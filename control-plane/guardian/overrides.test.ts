import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mitigation } from '../mesh/mitigation.ts';
import type { Mode, OverrideOrder } from '../mesh/record.ts';
import { shop } from '../telemetry/testing/traffic.ts';
import { createOverrides, MAX_TTL_MS } from './overrides.ts';
import { createMemoryStore } from './testing/memory-store.ts';

function bench() {
  const clock = { at: 1000, now: () => clock.at, sleep: async () => {} };
  const store = createMemoryStore();
  const base: Record<string, Mode> = { web: 'auto', pay: 'approve' };
  const make = () => createOverrides({ store, clock, topology: shop(), modeOf: (s) => base[s] ?? 'observe' });
  return { clock, store, make, overrides: make() };
}

test('modes: the strictest of the services, orders first, the newest of them', () => {
  const { overrides } = bench();
  assert.equal(overrides.modeOf(['web']), 'auto');
  assert.equal(overrides.modeOf(['web', 'pay']), 'approve');
  assert.equal(overrides.modeOf(['web', 'cart']), 'observe');
  overrides.add({ type: 'mode', service: 'cart', mode: 'off' }, 'ada', '', 1000);
  overrides.add({ type: 'mode', service: 'cart', mode: 'auto' }, 'ada', '', 1000);
  assert.equal(overrides.modeOf(['web', 'cart']), 'auto');
});

test('orders expire, survive a restart until then, and can be cancelled', () => {
  const b = bench();
  const freeze = b.overrides.add({ type: 'freeze' }, 'ada', 'deploy', 5000);
  b.overrides.add({ type: 'forbid', what: 'scale' }, 'ada', '', 1000);
  const again = b.make();
  assert.match(again.frozen(['web'])!, /ada/);
  assert.match(again.forbids({ kind: 'scale', target: { service: 'pay' }, strength: 1 })!, /scale/);
  b.clock.at += 2000;
  assert.equal(again.forbids({ kind: 'scale', target: { service: 'pay' }, strength: 1 }), undefined);
  assert.deepEqual(
    again.expire().map((o) => o.order.type),
    ['forbid'],
  );
  assert.deepEqual(again.expire(), []);
  again.cancel(freeze.id);
  assert.equal(again.frozen(['web']), undefined);
  assert.throws(() => again.cancel(freeze.id), { code: 'UMB0702' });
  assert.equal(b.store.overrides.count(), 0);
});

test('a forbid of a kind at a target leaves other targets alone', () => {
  const { overrides } = bench();
  overrides.add({ type: 'forbid', what: 'retry@web>pay' }, 'ada', '', 1000);
  const retry = (edge: `${string}>${string}`) => overrides.forbids({ kind: 'retry', target: { edge }, strength: 1 });
  assert.match(retry('web>pay')!, /forbidden/);
  assert.equal(retry('web>cart'), undefined);
});

const wrong: [string, OverrideOrder, number][] = [
  ['a service that is not', { type: 'freeze', service: 'nowhere' }, 1000],
  ['a mode that is not', { type: 'mode', service: 'web', mode: 'loud' as Mode }, 1000],
  ['a kind that is not', { type: 'forbid', what: 'prayer' }, 1000],
  ['a target that is not', { type: 'forbid', what: 'retry@web>moon' }, 1000],
  ['no time', { type: 'freeze' }, 0],
  ['NaN time', { type: 'freeze' }, Number.NaN],
  ['too long', { type: 'freeze' }, MAX_TTL_MS + 1],
];
for (const [name, order, ttl] of wrong) {
  test(`an order with ${name} is refused and not kept`, () => {
    const { overrides, store } = bench();
    assert.throws(() => overrides.add(order, 'ada', '', ttl), { code: 'UMB0701' });
    assert.equal(store.overrides.count(), 0);
  });
}

test('what acts on several services follows the strictest: approve asks, observe, off and a freeze hold', () => {
  const { overrides } = bench();
  const retry: Mitigation = { kind: 'retry', target: { edge: 'web>pay' }, strength: 1 };
  assert.equal(overrides.modeFor(retry), 'approve');
  assert.equal(overrides.holds(retry), undefined);
  overrides.add({ type: 'mode', service: 'web', mode: 'observe' }, 'ada', '', 1000);
  assert.match(overrides.holds(retry)!, /mode observe for web, pay/);
  overrides.add({ type: 'mode', service: 'web', mode: 'auto' }, 'ada', '', 1000);
  overrides.add({ type: 'freeze' }, 'ada', '', 1000);
  assert.match(overrides.holds(retry)!, /frozen by ada/);
});
