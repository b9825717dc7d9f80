import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byCertificate } from './authorise.ts';
import type { Peer } from './peer.ts';
import { parseSpiffeId } from './spiffe.ts';

const peer = (uri: string): Peer => ({
  address: '192.0.2.1:1',
  identity: { spiffeId: parseSpiffeId(uri), subject: 'CN=x', expiresAt: Number.POSITIVE_INFINITY },
});

test('a certificate covers its own nodes', () => {
  for (const [uri, nodeId] of [
    ['spiffe://mesh/production/cart', 'production/cart/0'],
    ['spiffe://mesh/production/cart', 'production/cart'],
    ['spiffe://mesh/production', 'production/cart/0'],
    ['spiffe://mesh/cart', 'cart'],
    ['spiffe://cluster.local/ns/shop/sa/cart', 'sidecar~10.0.0.1~cart-5d9.shop~shop.svc.cluster.local'],
    ['spiffe://cluster.local/ns/shop/sa/cart', 'router~10.0.0.1~pod.with.dots.shop~shop.svc.cluster.local'],
    ['spiffe://mesh/ns/shop/sa/cart', 'ns/shop/sa/cart/0'],
  ] as const)
    assert.equal(byCertificate()(peer(uri), nodeId), undefined, `${uri} ${nodeId}`);
});

test('and no others', () => {
  for (const [uri, nodeId] of [
    ['spiffe://mesh/production/cart', 'production/cart2/0'],
    ['spiffe://mesh/production/cart', 'production/car'],
    ['spiffe://mesh/production/cart', 'shadow/cart/0'],
    ['spiffe://mesh/production/cart', 'production'],
    ['spiffe://mesh', 'production/cart/0'],
    ['spiffe://cluster.local/ns/shop/sa/cart', 'sidecar~10.0.0.1~cart.bank~shop.svc.cluster.local'],
    ['spiffe://cluster.local/ns/shop/sa/cart', 'sidecar~10.0.0.1~shop~shop.svc.cluster.local'],
    ['spiffe://cluster.local/ns/shop/sa/cart', 'sidecar~x.shop'],
    ['spiffe://cluster.local/ns/shop', 'sidecar~10.0.0.1~cart.shop~shop.svc.cluster.local'],
    ['nonsense', 'production/cart/0'],
  ] as const)
    assert.match(byCertificate()(peer(uri), nodeId) ?? '', /./, `${uri} ${nodeId}`);
});

test('other trust domains do not count, and neither does no certificate', () => {
  const authorise = byCertificate({ trustDomains: ['mesh'] });
  assert.equal(authorise(peer('spiffe://mesh/cart'), 'cart'), undefined);
  assert.match(authorise(peer('spiffe://elsewhere/cart'), 'cart') ?? '', /elsewhere/);
  assert.match(authorise({ address: '127.0.0.1:1', identity: undefined }, 'cart') ?? '', /no SPIFFE id/);
});
