/** Every mitigation takes effect on live traffic and is gone when it is taken back; nothing is ever refused by Envoy. */
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import type { Address } from '../../control-plane/envoy/node.ts';
import { ask, askAtOnce, askInTurn, askWhileHeld, byStatus } from './fixtures/client.ts';
import { until } from './fixtures/envoy.ts';
import { Mesh, shop } from './fixtures/mesh.ts';
import { asAsked, holding, type Upstream } from './fixtures/upstream.ts';

suite('mitigations on live traffic', () => {
  const mesh = new Mesh(shop);
  let carts: Upstream[] = [];
  let standby: Upstream;
  let payments: Upstream;
  let cart: Address;
  let pay: Address;
  let users: Address;

  before(async () => {
    await mesh.serve('shop');
    carts = await mesh.serve('cart', 2);
    [standby] = (await mesh.serve('cart-b')) as [Upstream];
    [payments] = (await mesh.serve('payments')) as [Upstream];
    const sidecar = mesh.sidecar('shop');
    const ingress = mesh.ingress();
    cart = sidecar.outbound.find((o) => o.callee === 'cart')!.listen;
    pay = sidecar.outbound.find((o) => o.callee === 'payments')!.listen;
    users = ingress.ingress!.listen;
    mesh.parts = { protectedPrefixes: ['/checkout'] };
    await mesh.start(sidecar, ingress);
  });
  after(() => mesh.stop());
  afterEach(async () => {
    for (const all of mesh.upstreams.values()) for (const upstream of all) upstream.behaviour = asAsked;
    mesh.endpoints = Object.fromEntries(
      Object.entries(mesh.endpoints).map(([id, all]) => [id, all.map((e) => ({ ...e, healthy: true }))]),
    );
    await mesh.restore();
    assert.deepEqual(mesh.nacks, []);
  });
  const fail = (upstream: Upstream, status = 500) => {
    upstream.behaviour = (req, res) => void req.resume().on('end', () => res.writeHead(status).end());
  };

  test('the caller is named by its proxy, whatever the application says', async () => {
    const answer = await ask(cart, '/', { headers: { 'x-umbra-caller': 'somebody-else' } });
    assert.equal(JSON.parse(answer.text)['x-umbra-caller'], 'shop');
  });

  test('circuit breaking limits what is in flight on one edge only', async () => {
    assert.deepEqual(byStatus(await askAtOnce(12, cart, '/?ms=150')), { 200: 12 });
    await mesh.apply('shop>cart', { maxRequests: 3 });
    const held = holding();
    for (const upstream of carts) {
      upstream.takeMostAtOnce();
      upstream.behaviour = held.behaviour;
    }
    const limited = byStatus(await askWhileHeld(12, 3, held, cart, '/'));
    assert.deepEqual(limited, { 200: 3, 503: 9 });
    assert.ok(carts[0]!.takeMostAtOnce() + carts[1]!.takeMostAtOnce() <= 3);
    assert.deepEqual(byStatus(await askAtOnce(12, pay, '/?ms=50')), { 200: 12 });
    await mesh.restore();
    assert.deepEqual(byStatus(await askAtOnce(12, cart, '/?ms=150')), { 200: 12 });
  });

  test('time-out', async () => {
    assert.equal((await ask(cart, '/?ms=300')).status, 200);
    await mesh.apply('shop>cart', { timeoutMs: 100 });
    const answer = await ask(cart, '/?ms=20000');
    assert.equal(answer.status, 504);
    assert.equal((await ask(pay, '/?ms=300')).status, 200);
    await mesh.restore();
    assert.equal((await ask(cart, '/?ms=300')).status, 200);
  });

  test('retries go to another replica, and never repeat a write without a key', async () => {
    fail(carts[0]!);
    const before = byStatus(await askInTurn(20, cart, '/'));
    assert.ok((before[500] ?? 0) > 0, JSON.stringify(before));
    await mesh.apply('shop>cart', { retry: { attempts: 2, backoffMs: 5, budgetPercent: 100 } });
    assert.deepEqual(byStatus(await askInTurn(20, cart, '/')), { 200: 20 });
    const keyed = await askInTurn(20, cart, '/', { method: 'POST', headers: { 'idempotency-key': 'k' } });
    assert.deepEqual(byStatus(keyed), { 200: 20 });
    const writesSeen = carts[0]!.seen + carts[1]!.seen;
    const writes = byStatus(await askInTurn(20, cart, '/', { method: 'POST' }));
    assert.ok((writes[500] ?? 0) > 0, JSON.stringify(writes));
    assert.equal(carts[0]!.seen + carts[1]!.seen - writesSeen, 20);
    await mesh.restore();
    const after = byStatus(await askInTurn(20, cart, '/'));
    assert.ok((after[500] ?? 0) > 0, JSON.stringify(after));
  });

  test('one retry is enough when one of two replicas fails', async () => {
    fail(carts[0]!);
    await mesh.apply('shop>cart', { retry: { attempts: 1, backoffMs: 1, budgetPercent: 100 } });
    const failed = byStatus(await askInTurn(400, cart, '/'))[500] ?? 0;
    // Of 200 first tries that fail, one in 1,024 is tried at the same replica again.
    assert.ok(failed <= 5, `${failed} of 400`);
  });

  test('a retry budget bounds retries at the same time', async () => {
    const attempts = async (budgetPercent: number) => {
      await mesh.apply('shop>cart', { retry: { attempts: 1, backoffMs: 1, budgetPercent } });
      let seen = 0;
      const { promise: allAreThere, resolve } = Promise.withResolvers<void>();
      for (const upstream of carts)
        upstream.behaviour = (req, res) => {
          if (++seen === 20) resolve();
          req.resume();
          void allAreThere.then(() => setTimeout(() => res.writeHead(503).end(), 100));
        };
      await askAtOnce(20, cart, '/');
      return seen;
    };
    const unbounded = await attempts(100);
    const bounded = await attempts(20);
    // However Envoy takes the answers in, every second of those still under way may be repeated.
    assert.ok(unbounded >= 30, `${unbounded} attempts for 20 requests`);
    assert.ok(bounded < 30, `${bounded} attempts for 20 requests under the budget`);
  });

  test('outlier detection ejects a failing replica and takes it back when it is off again', async () => {
    fail(carts[0]!);
    await askInTurn(20, cart, '/');
    const statuses = async () => mesh.envoy(mesh.nodes[0]!.id).admin('/clusters');
    assert.ok(!/failed_outlier_check/.test(await statuses()), 'ejected while off');
    await mesh.apply('shop>cart', { outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } });
    await askInTurn(20, cart, '/');
    assert.ok(/failed_outlier_check/.test(await statuses()), 'nothing was ejected');
    assert.deepEqual(byStatus(await askInTurn(10, cart, '/')), { 200: 10 });
    await mesh.restore();
    await until(
      'the replica to be taken back',
      async () => !/failed_outlier_check/.test(await statuses()) || undefined,
    );
    const after = byStatus(await askInTurn(20, cart, '/'));
    assert.ok((after[500] ?? 0) > 0, JSON.stringify(after));
  });

  test('outlier detection never ejects the only replica', async () => {
    fail(payments);
    await mesh.apply('shop>payments', { outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } });
    assert.deepEqual(byStatus(await askInTurn(10, pay, '/')), { 500: 10 });
    payments.behaviour = asAsked;
    assert.deepEqual(byStatus(await askInTurn(5, pay, '/')), { 200: 5 });
  });

  test('an endpoint marked unhealthy gets nothing', async () => {
    const [first, second] = mesh.endpoints.cart!;
    mesh.endpoints = { ...mesh.endpoints, cart: [{ ...first!, healthy: false }, second!] };
    await mesh.push();
    const seen = carts[0]!.seen;
    assert.deepEqual(byStatus(await askInTurn(20, cart, '/')), { 200: 20 });
    assert.equal(carts[0]!.seen, seen);
    mesh.endpoints = { ...mesh.endpoints, cart: [first!, second!] };
    await mesh.push();
    await askInTurn(20, cart, '/');
    assert.ok(carts[0]!.seen > seen);
  });

  test('scaling adds endpoints and takes them away', async () => {
    const [first, second] = mesh.endpoints.cart!;
    mesh.endpoints = { ...mesh.endpoints, cart: [second!] };
    await mesh.push();
    const seen = carts[0]!.seen;
    await askInTurn(10, cart, '/');
    assert.equal(carts[0]!.seen, seen);
    mesh.endpoints = { ...mesh.endpoints, cart: [first!, second!] };
    await mesh.push();
    await askInTurn(20, cart, '/');
    assert.ok(carts[0]!.seen > seen);
  });

  test('a rate limit holds one edge to its rate', async () => {
    assert.deepEqual(byStatus(await askInTurn(30, pay, '/')), { 200: 30 });
    await mesh.apply('shop>payments', { rateLimit: 10 });
    const began = performance.now();
    const limited = byStatus(await askAtOnce(30, pay, '/'));
    // A second's worth, and what came to it meanwhile.
    const most = 10 + (10 * (performance.now() - began)) / 1000;
    assert.ok(limited[200]! >= 5 && limited[200]! <= most, JSON.stringify(limited));
    assert.equal(limited[200]! + limited[429]!, 30);
    assert.deepEqual(byStatus(await askInTurn(30, cart, '/')), { 200: 30 });
    await mesh.restore();
    assert.deepEqual(byStatus(await askInTurn(30, pay, '/')), { 200: 30 });
  });

  test('at the entry the protected priority passes first', async () => {
    await mesh.apply('ingress>shop', { rateLimit: 4 });
    const rest = byStatus(await askAtOnce(30, users, '/browse'));
    assert.ok((rest[429] ?? 0) >= 20, JSON.stringify(rest));
    assert.deepEqual(byStatus(await askAtOnce(30, users, '/checkout/cart')), { 200: 30 });
  });

  test('admission control refuses as success falls, and not when it is off', async () => {
    fail(payments);
    assert.deepEqual(byStatus(await askInTurn(60, pay, '/')), { 500: 60 });
    await mesh.apply('shop>payments', { admission: { aggression: 1 } });
    const seen = payments.seen;
    const answers = byStatus(await askInTurn(100, pay, '/'));
    const refused = answers[503] ?? 0;
    // How soon it refuses depends on the successes of the seconds before.
    assert.ok(refused > 15, JSON.stringify(answers));
    assert.equal(payments.seen - seen, 100 - refused);
    assert.deepEqual(byStatus(await askInTurn(30, cart, '/')), { 200: 30 });
    await mesh.restore();
    assert.deepEqual(byStatus(await askInTurn(30, pay, '/')), { 500: 30 });
  });

  test('failover sends a share of safe requests, and no writes, to the redundant service', async () => {
    await mesh.apply('shop>cart', { failoverShare: 1 });
    let seen = standby.seen;
    await askInTurn(20, cart, '/');
    assert.equal(standby.seen - seen, 20);
    seen = standby.seen;
    await askInTurn(20, cart, '/', { method: 'POST' });
    assert.equal(standby.seen, seen);
    await mesh.apply('shop>cart', { failoverShare: 0.5 });
    await askInTurn(60, cart, '/');
    const share = (standby.seen - seen) / 60;
    assert.ok(share > 0.2 && share < 0.8, `${share}`);
    await mesh.restore();
    seen = standby.seen;
    await askInTurn(20, cart, '/');
    assert.equal(standby.seen, seen);
  });

  test('no mitigation breaks what is in flight', async () => {
    const held = holding();
    let flyingNow = 0;
    for (const upstream of carts)
      upstream.behaviour = (req, res) => {
        flyingNow++;
        held.behaviour(req, res);
      };
    const flying = askAtOnce(10, cart, '/');
    await until('all to fly', () => flyingNow === 10 || undefined);
    const changes: Parameters<Mesh['apply']>[1][] = [
      { maxRequests: 50 },
      { timeoutMs: 1500 },
      { retry: { attempts: 1, backoffMs: 5, budgetPercent: 20 } },
      { rateLimit: 100 },
      { failoverShare: 0.5 },
      { admission: { aggression: 0.5 } },
      { outlier: { consecutiveFailures: 5, ejectMs: 15_000, maxEjectionPercent: 60 } },
    ];
    for (const change of changes) await mesh.apply('shop>cart', change);
    await mesh.restore();
    held.letGo();
    assert.deepEqual(byStatus(await flying), { 200: 10 });
  });
});
