/** What a snapshot says is what the clients counted. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { after, afterEach, before, suite, test } from 'node:test';
import type { Address } from '../../control-plane/envoy/node.ts';
import type { EdgeId } from '../../control-plane/mesh/topology.ts';
import type { EdgeTotals, Totals } from '../../control-plane/telemetry/collector.ts';
import { type Answer, ask, askAtOnce, askInTurn, askWhileHeld } from './fixtures/client.ts';
import { until } from './fixtures/envoy.ts';
import { Mesh, SLO_MS, shop } from './fixtures/mesh.ts';
import { asAsked, holding } from './fixtures/upstream.ts';

suite('telemetry of live traffic', () => {
  const mesh = new Mesh(shop);
  let cart: Address;
  let pay: Address;
  let users: Address;

  before(async () => {
    for (const [name, replicas] of [
      ['shop', 1],
      ['cart', 2],
      ['cart-b', 1],
      ['payments', 1],
    ] as const)
      await mesh.serve(name, replicas);
    const sidecar = mesh.sidecar('shop');
    const ingress = mesh.ingress();
    cart = sidecar.outbound.find((o) => o.callee === 'cart')!.listen;
    pay = sidecar.outbound.find((o) => o.callee === 'payments')!.listen;
    users = ingress.ingress!.listen;
    mesh.parts = { protectedPrefixes: ['/checkout'] };
    await mesh.start(sidecar, ingress);
    // A proxy's first push is the mark its counters are measured from; the second has what it was asked while it started.
    for (const node of mesh.nodes) await toldAfter(node.id);
  });
  after(() => mesh.stop());
  afterEach(() => mesh.restore());

  /** Resolves when a proxy has pushed twice more: the first of them may have been on its way already, the second was not. */
  async function toldAfter(nodeId: string): Promise<void> {
    for (let push = 0; push < 2; push++) {
      const last = mesh.collector.heardAt(nodeId);
      await until(`a push of ${nodeId}`, () => mesh.collector.heardAt(nodeId) !== last || undefined);
    }
  }

  /** Runs some traffic and gives what one edge counted of it, once all of it is told, and the snapshot of that time. */
  async function counted(edge: EdgeId, traffic: () => Promise<Answer[]>) {
    const of = (t: Totals): EdgeTotals => t.edges[edge]!;
    const from = mesh.collector.totals();
    mesh.collector.tick();
    const answers = await traffic();
    await toldAfter(mesh.nodes.find((node) => node.id.includes(`/${edge.split('>')[0]}/`))!.id);
    const to = mesh.collector.totals();
    const difference = (pick: (t: EdgeTotals) => number) => pick(of(to)) - pick(of(from));
    return { answers, from, to, difference, snapshot: mesh.collector.tick() };
  }

  test('good, failed and slow answers', async () => {
    const { difference, snapshot, answers } = await counted('shop>cart', async () => [
      ...(await askInTurn(40, cart, '/')),
      ...(await askInTurn(7, cart, '/?status=404')),
      ...(await askInTurn(9, cart, '/?status=500')),
      ...(await askAtOnce(6, cart, `/?ms=${1.5 * SLO_MS}`)),
    ]);
    assert.equal(answers.length, 62);
    assert.equal(
      difference((t) => t.offered),
      62,
    );
    assert.equal(
      difference((t) => t.good),
      47,
    );
    assert.equal(
      difference((t) => t.failed),
      9,
    );
    assert.equal(
      difference((t) => t.errors.http5xx),
      9,
    );
    const edge = snapshot.edges['shop>cart']!;
    assert.ok(Math.abs(edge.good / edge.rate - 47 / 62) < 1e-9, `${edge.good} of ${edge.rate}`);
    assert.equal(snapshot.edges['shop>payments']!.rate, 0);
    // As long as the middle and the slowest took, within one of Envoy's buckets; on a machine that is not busy the middle is quick.
    const took = answers.map((a) => a.ms).sort((a, b) => a - b);
    const [middle, slowest] = [took[took.length >> 1]!, took.at(-1)!];
    const { p50, p99 } = edge.latency;
    const seen = `${JSON.stringify(edge.latency)} of ${middle} and ${slowest}`;
    assert.ok(p50 < Math.max(100, 1.3 * middle) && p99 > SLO_MS && p99 < 1.3 * slowest, seen);
    assert.equal(edge.hosts, 2);
    assert.equal(edge.healthyHosts, 2);
  });

  test('kinds of failure', async () => {
    await mesh.apply('shop>cart', { timeoutMs: 100 });
    let of = await counted('shop>cart', () => askAtOnce(5, cart, '/?ms=20000'));
    assert.equal(
      of.difference((t) => t.errors.timeout),
      5,
    );
    await mesh.restore();
    await mesh.apply('shop>cart', { maxRequests: 2 });
    const held = holding();
    for (const upstream of mesh.upstreams.get('cart')!) upstream.behaviour = held.behaviour;
    of = await counted('shop>cart', () => askWhileHeld(8, 2, held, cart, '/'));
    assert.equal(
      of.difference((t) => t.errors.overflow),
      6,
    );
    for (const upstream of mesh.upstreams.get('cart')!) upstream.behaviour = asAsked;
    await mesh.restore();
    await mesh.apply('shop>cart', { rateLimit: 4 });
    of = await counted('shop>cart', () => askAtOnce(10, cart, '/'));
    assert.equal(
      of.difference((t) => t.errors.shed),
      of.answers.filter((a) => a.status === 429).length,
    );
    await mesh.restore();
    for (const upstream of mesh.upstreams.get('payments')!) upstream.behaviour = (req) => void req.socket.destroy();
    of = await counted('shop>payments', () => askInTurn(4, pay, '/'));
    assert.equal(
      of.difference((t) => t.errors.reset),
      4,
    );
    for (const upstream of mesh.upstreams.get('payments')!) upstream.behaviour = asAsked;
    const known = mesh.endpoints;
    mesh.endpoints = { ...known, payments: [{ address: { host: '127.0.0.1', port: 1 }, replica: 0, healthy: true }] };
    await mesh.push();
    of = await counted('shop>payments', () => askInTurn(4, pay, '/'));
    assert.equal(
      of.difference((t) => t.errors.connect),
      4,
    );
    mesh.endpoints = known;
  });

  test('requests that admission control refused are shed', async () => {
    await mesh.apply('shop>payments', { admission: { aggression: 1 } });
    const of = await counted('shop>payments', () => askInTurn(120, pay, '/?status=500'));
    const refused = of.answers.filter((a) => a.status === 503).length;
    assert.ok(refused > 0);
    assert.equal(
      of.difference((t) => t.errors.shed),
      refused,
    );
    assert.equal(
      of.difference((t) => t.errors.http5xx),
      120 - refused,
    );
  });

  test('retries are not offered requests, and are counted', async () => {
    await mesh.apply('shop>cart', { retry: { attempts: 1, backoffMs: 1, budgetPercent: 100 } });
    const of = await counted('shop>cart', () => askInTurn(5, cart, '/?status=500'));
    assert.equal(
      of.difference((t) => t.offered),
      5,
    );
    assert.equal(
      of.difference((t) => t.retries),
      5,
    );
    assert.equal(
      of.difference((t) => t.errors.http5xx),
      5,
    );
  });

  test('a caller that gives up has seen a time-out', async () => {
    const from = mesh.collector.totals().edges['shop>cart']!.errors.timeout;
    await new Promise<void>((resolve) => {
      const req = request({ socketPath: (cart as { pipe: string }).pipe, path: '/', agent: false });
      req.on('error', () => resolve());
      // Gives up when it is being worked on.
      for (const upstream of mesh.upstreams.get('cart')!)
        upstream.behaviour = () => void req.destroy(new Error('enough'));
      req.end();
    });
    for (const upstream of mesh.upstreams.get('cart')!) upstream.behaviour = asAsked;
    await until(
      'the time-out to be counted',
      () => mesh.collector.totals().edges['shop>cart']!.errors.timeout === from + 1 || undefined,
    );
  });

  test('what is protected is counted apart at the entry', async () => {
    const of = await counted('ingress>shop', async () => [
      ...(await askInTurn(10, users, '/browse')),
      ...(await askInTurn(6, users, '/checkout')),
      ...(await askInTurn(2, users, '/checkout?status=500')),
    ]);
    assert.equal(of.to.offered - of.from.offered, 18);
    assert.equal(of.to.good - of.from.good, 16);
    assert.equal(of.to.protectedOffered - of.from.protectedOffered, 8);
    assert.equal(of.to.protectedGood - of.from.protectedGood, 6);
    const { entry } = of.snapshot;
    assert.ok(Math.abs(entry.protectedGood / entry.protectedOffered - 6 / 8) < 1e-9, JSON.stringify(entry));
  });

  test('an upgrade is answered when it is granted, whatever becomes of its connection', async () => {
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    const difference = ({ from, to }: { from: Totals; to: Totals }) => [
      [to.offered - from.offered, to.good - from.good, to.failed - from.failed],
      [to.protectedOffered - from.protectedOffered, to.protectedGood - from.protectedGood],
    ];
    const [upstream] = mesh.upstreams.get('shop')!;
    upstream!.behaviour = (req) =>
      void req.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    let open: Socket | undefined;
    const granted = await counted('ingress>shop', async () => {
      open = await new Promise<Socket>((resolve, reject) => {
        const req = request({ socketPath: (users as { pipe: string }).pipe, path: '/checkout', headers, agent: false });
        req
          .on('upgrade', (_, socket) => resolve(socket))
          .on('error', reject)
          .end();
      });
      return [];
    });
    upstream!.behaviour = asAsked;
    assert.deepEqual(difference(granted), [
      [1, 1, 0],
      [1, 1],
    ]);
    const after = await counted('ingress>shop', async () => {
      open!.destroy();
      return [
        await ask(users, '/checkout?status=403', { headers }),
        await ask(users, '/checkout?status=503', { headers }),
      ];
    });
    assert.deepEqual(difference(after), [
      [2, 1, 1],
      [2, 1],
    ]);
  });

  test('a silent proxy is a gap', async () => {
    const silent = () => mesh.collector.tick().gaps.filter((g) => g.startsWith('no metrics'));
    await until('all to be heard', () => silent().length === 0 || undefined);
    await mesh.envoy('production/ingress/0').stop();
    mesh.nodes.splice(1);
    const gap = await until('the gap', () => silent().find((g) => g.includes('ingress')));
    assert.match(gap, /^no metrics from production\/ingress\/0 for \d+ s$/);
  });
});
