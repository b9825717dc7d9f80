import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpiffeId, uriNames } from './spiffe.ts';

test('SPIFFE ids are read', () => {
  assert.deepEqual(parseSpiffeId('spiffe://mesh.example/ns/shop/sa/cart'), {
    uri: 'spiffe://mesh.example/ns/shop/sa/cart',
    trustDomain: 'mesh.example',
    path: ['ns', 'shop', 'sa', 'cart'],
  });
  assert.deepEqual(parseSpiffeId('spiffe://mesh')?.path, []);
});

test('what the standard does not allow is none', () => {
  for (const uri of [
    '',
    'https://mesh/cart',
    'SPIFFE://mesh/cart',
    'spiffe:///cart',
    'spiffe://Mesh/cart',
    'spiffe://mesh:443/cart',
    'spiffe://user@mesh/cart',
    'spiffe://mesh/',
    'spiffe://mesh/cart/',
    'spiffe://mesh//cart',
    'spiffe://mesh/./cart',
    'spiffe://mesh/../cart',
    'spiffe://mesh/cart?x=1',
    'spiffe://mesh/cart#x',
    'spiffe://mesh/ca%72t',
    'spiffe://mesh/cart\n',
    `spiffe://mesh/${'x'.repeat(2048)}`,
  ])
    assert.equal(parseSpiffeId(uri), undefined, uri);
});

test('URIs are found among the alternative names, and nothing passes for one', () => {
  const table: [string | undefined, string[]][] = [
    [undefined, []],
    ['', []],
    ['DNS:cart, URI:spiffe://mesh/cart, IP Address:127.0.0.1', ['spiffe://mesh/cart']],
    ['URI:spiffe://mesh/a, URI:spiffe://mesh/b', ['spiffe://mesh/a', 'spiffe://mesh/b']],
    ['DNS:"evil, URI:spiffe://mesh/admin"', []],
    ['DNS:"evil\\", URI:spiffe://mesh/admin"', []],
    ['URI:"spiffe://mesh/a, URI:spiffe://mesh/b"', ['spiffe://mesh/a, URI:spiffe://mesh/b']],
  ];
  for (const [names, expected] of table) assert.deepEqual(uriNames(names), expected, names);
});
