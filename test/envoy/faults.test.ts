/** Faults act on the callee's inbound side in the shadow, end when taken back, and end without the control plane. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Address } from '../../control-plane/envoy/node.ts';
import { UmbraError } from '../../control-plane/mesh/errors.ts';
import type { Fault } from '../../control-plane/mesh/fault.ts';
import type { FaultLease } from '../../control-plane/mesh/lease.ts';
import { ask, askInTurn, byStatus } from './fixtures/client.ts';
import { until } from './fixtures/envoy.ts';
import { builtFilters, Mesh, shop } from './fixtures/mesh.ts';

let leases = 0;
function lease(fault: Partial<Fault> & Pick<Fault, 'kind'>): FaultLease {
  const now = Date.now();
  return {
    type: 'fault',
    id: `fault-${++leases}`,
    owner: 'chaos',
    reason: 'test',
    createdAt: now,
    expiresAt: now + 60_000,
    fault: { target: { service: 'cart' }, magnitude: 1, share: 1, durationMs: 60_000, seed: 7, ...fault },
  };
}

suite('faults in the shadow', { skip: builtFilters() ? false : 'filters are not built' }, () => {
  const mesh = new Mesh(shop, 'shadow');
  let inbound: Address;

  before(async () => {
    await mesh.serve('cart');
    mesh.parts = { filters: builtFilters()! };
    const node = mesh.sidecar('cart');
    inbound = node.inbound!.listen;
    await mesh.start(node);
  });
  after(() => mesh.stop());
  async function inForce(faults: FaultLease[], what: () => Promise<void>): Promise<void> {
    mesh.parts = { ...mesh.parts, faults };
    await mesh.push();
    await what();
    mesh.parts = { ...mesh.parts, faults: [] };
    await mesh.push();
    assert.deepEqual(byStatus(await askInTurn(10, inbound, '/')), { 200: 10 });
    assert.deepEqual(mesh.nacks, []);
  }

  test('latency', () =>
    inForce([lease({ kind: 'latency', magnitude: 0.15 })], async () => {
      const { status, ms } = await ask(inbound, '/');
      assert.equal(status, 200);
      assert.ok(ms > 100, `${ms} ms`);
    }));

  test('exception and abort', async () => {
    await inForce([lease({ kind: 'exception' })], async () => {
      assert.deepEqual(byStatus(await askInTurn(10, inbound, '/')), { 500: 10 });
    });
    await inForce([lease({ kind: 'abort' })], async () => {
      assert.deepEqual(byStatus(await askInTurn(10, inbound, '/')), { 503: 10 });
    });
  });

  test('corruption changes answers', () =>
    inForce([lease({ kind: 'corruption', magnitude: 0.2 })], async () => {
      const sound = { 'x-one': 'alpha', 'x-two': '12345' };
      const answers = await askInTurn(5, inbound, '/', { headers: sound });
      const changed = answers.filter(
        (a) => !a.text.includes('"alpha"') || !a.text.includes('"12345"') || !isJson(a.text),
      );
      const distinct = new Set(answers.map((a) => a.text.length));
      assert.ok(changed.length > 0 || distinct.size > 1, answers.map((a) => a.text).join('\n'));
    }));

  test('a fault of one edge hits that caller only', () =>
    inForce([lease({ kind: 'abort', target: { edge: 'shop>cart' } })], async () => {
      const from = (caller: string) => ask(inbound, '/', { headers: { 'x-umbra-caller': caller } });
      assert.equal((await from('shop')).status, 503);
      assert.equal((await from('payments')).status, 200);
    }));

  test('a fault of another service or replica does nothing here', () =>
    inForce(
      [
        lease({ kind: 'abort', target: { service: 'shop' } }),
        lease({ kind: 'abort', target: { service: 'cart', replica: 1 } }),
      ],
      async () => assert.deepEqual(byStatus(await askInTurn(10, inbound, '/')), { 200: 10 }),
    ));

  test('past its expiry the filter does nothing, whatever is still configured', async () => {
    const short = { ...lease({ kind: 'abort' }), expiresAt: Date.now() + 5000 };
    await inForce([short], async () => {
      assert.equal((await ask(inbound, '/')).status, 503);
      await until('the expiry', async () => (await ask(inbound, '/')).status === 200 || undefined);
      assert.ok(Date.now() >= short.expiresAt - 50);
    });
  });

  test('bandwidth', () =>
    inForce([lease({ kind: 'bandwidth', magnitude: 0.6 })], async () => {
      // 32 KiB/s: 24 KiB take most of a second, without the limit a few ms.
      const { status, ms } = await ask(inbound, '/?bytes=24576');
      assert.equal(status, 200);
      assert.ok(ms > 300, `${ms} ms`);
    }));

  test('a bandwidth limit ends by itself when the control plane is gone', async () => {
    mesh.parts = { ...mesh.parts, faults: [lease({ kind: 'bandwidth', magnitude: 0.6 })] };
    await mesh.push();
    assert.ok((await ask(inbound, '/?bytes=24576')).ms > 300);
    await mesh.server.close();
    // More than a bucket that had time to fill lets through at once.
    await until('the time to live', async () => (await ask(inbound, '/?bytes=98304')).ms < 300 || undefined);
  });
});

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test('no fault is built for production', () => {
  const mesh = new Mesh(shop, 'production');
  mesh.parts = { faults: [lease({ kind: 'abort' })] };
  try {
    assert.throws(
      () => mesh.build(mesh.sidecar('shop')),
      (e) => e instanceof UmbraError && e.code === 'UMB0302',
    );
  } finally {
    void mesh.stop();
  }
});
