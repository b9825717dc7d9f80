import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { productionData } from '../home.ts';
import { type RunningProvider, startProvider } from '../provider.ts';
import { leaksIn, readShop } from '../start/leaks.ts';
import { accountOf } from './ids.ts';
import { services } from './index.ts';
import { type RunningServer, serve } from './server.ts';
import { PROVIDER } from './service.ts';

const home = mkdtempSync(join(tmpdir(), 'shop-'));
const servers = new Map<string, RunningServer>();
let provider: RunningProvider;
let entry = '';

/** One replica of a service in this process, its callers sent straight to it. */
async function start(name: string, peers: Record<string, string>): Promise<string> {
  const data = join(productionData(home, name), '0');
  const server = await serve(services[name]!, { name, port: 0, data, replica: '0', peers });
  servers.set(name, server);
  return `http://127.0.0.1:${server.port}`;
}

before(async () => {
  provider = await startProvider();
  const payments = await start('payments', { [PROVIDER]: `http://127.0.0.1:${provider.port}` });
  const inventory = await start('inventory', {});
  const checkout = await start('checkout', { inventory, payments });
  entry = await start('storefront', { catalog: await start('catalog', {}), cart: await start('cart', {}), checkout });
});
after(async () => {
  for (const server of servers.values()) await server.close();
  await provider.close();
  rmSync(home, { recursive: true });
});

const credential = 'Basic dTpw';
const json = { 'content-type': 'application/json' };

async function login(authorization = credential): Promise<{ cookie: string; body: Record<string, unknown> }> {
  const answer = await fetch(`${entry}/login`, { method: 'POST', headers: { authorization } });
  assert.equal(answer.status, 201);
  const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
  return { cookie, body: (await answer.json()) as Record<string, unknown> };
}

function order(cookie: string, key: string) {
  return fetch(`${entry}/checkout`, {
    method: 'POST',
    headers: { cookie, 'idempotency-key': key, ...json },
    body: JSON.stringify({ lines: [{ sku: 'lamp-oak', quantity: 2 }], card: { number: '4111 1111 1111 1111' } }),
  });
}

test('a user looks, logs in, fills a cart, buys, and finds the order', async () => {
  const list = (await (await fetch(`${entry}/products`)).json()) as { products: { sku: string }[] };
  const { sku } = list.products[0]!;
  assert.equal((await fetch(`${entry}/products/${sku}`)).status, 200);
  assert.equal((await fetch(`${entry}/search?q=oak`)).status, 200);

  const { cookie, body } = await login();
  assert.equal(body.account, accountOf(credential));
  assert.match(String(body.cartId), /^cart_/);
  const added = await fetch(`${entry}/cart/lines`, {
    method: 'POST',
    headers: { cookie, ...json },
    body: JSON.stringify({ sku, quantity: 1 }),
  });
  assert.equal(added.status, 201);
  const cart = await (await fetch(`${entry}/cart`, { headers: { cookie } })).json();
  assert.deepEqual(cart, { cartId: body.cartId, lines: [{ sku, quantity: 1 }] });

  const bought = await order(cookie, 'k-1');
  assert.equal(bought.status, 201);
  const { orderId } = (await bought.json()) as { orderId: string };
  assert.equal(bought.headers.get('location'), `/orders/${orderId}`);
  const found = await (await fetch(`${entry}/orders/${orderId}`)).json();
  assert.deepEqual(found, { orderId, lines: [{ sku: 'lamp-oak', quantity: 2 }] });
});

test('the same idempotency-key is the same order, reserved and charged once', async () => {
  const { cookie } = await login();
  const charged = provider.charges.size;
  const first = (await (await order(cookie, 'k-2')).json()) as { orderId: string };
  const again = await order(cookie, 'k-2');
  assert.equal(again.status, 200);
  assert.deepEqual(((await again.json()) as { orderId: string }).orderId, first.orderId);
  assert.equal(provider.charges.size, charged + 1);
  assert.equal(readShop(home).orders.filter(({ key }) => key === 'k-2').length, 1);
});

test('who is not logged in has no cart; a session that was forgotten is a guest', async () => {
  assert.equal((await fetch(`${entry}/cart`)).status, 401);
  assert.equal((await fetch(`${entry}/login`, { method: 'POST' })).status, 401);
  const cookie = 'sid=sid_unknown';
  assert.deepEqual(await (await fetch(`${entry}/cart`, { headers: { cookie } })).json(), { lines: [] });
});

test('a write that no user of ours made is found in the shop’s state', async () => {
  const before = readShop(home);
  const ours = await login('Basic b3Vycw==');
  await order(ours.cookie, 'run-0');
  const traces = { accounts: new Set([accountOf('Basic b3Vycw==')]), isKey: (key: string) => key === 'run-0' };
  assert.deepEqual(leaksIn(before, readShop(home), traces), []);

  // What copies of the same requests would leave: a credential's pseudonym, and the session it got.
  const copy = await login('pseudonym-7');
  await order(copy.cookie, 'run-0-copy');
  const leaks = leaksIn(before, readShop(home), traces);
  assert.equal(leaks.length, 4);
  assert.deepEqual(leaks.map((leak) => leak.split(' ')[0]).sort(), ['order', 'payment', 'reservation', 'session']);
});

test('state outlives a restart', async () => {
  const { cookie, body } = await login();
  const { port } = servers.get('cart')!;
  await servers.get('cart')!.close();
  const again = await serve(services.cart!, {
    name: 'cart',
    port,
    data: join(productionData(home, 'cart'), '0'),
    replica: '0',
    peers: {},
  });
  servers.set('cart', again);
  const shown = (await (await fetch(`${entry}/cart`, { headers: { cookie } })).json()) as { cartId: string };
  assert.equal(shown.cartId, body.cartId);
});
