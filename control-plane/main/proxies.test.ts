import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeStatus, TypeStatus } from '../xds/index.ts';
import { typeUrls } from '../xds/index.ts';
import { xdsStatus } from './proxies.ts';

const type = (name: 'CDS' | 'LDS', more: Partial<TypeStatus> = {}): TypeStatus => ({
  typeUrl: typeUrls[name],
  type: name,
  wildcard: true,
  names: [],
  versionWanted: '2',
  versionSent: '2',
  versionAcked: '2',
  waiting: false,
  lastNack: undefined,
  problems: {},
  ...more,
});

const node = (types: readonly TypeStatus[]): NodeStatus => ({
  nodeId: 'production/cart/0',
  scope: 'production',
  connected: true,
  connectedAt: 1,
  protocol: 'delta',
  revision: 2,
  types,
});

const statusOf = (...types: TypeStatus[]) =>
  xdsStatus({ status: () => [node(types)], counters: { pushes: 3, acks: 1, nacks: 1, refused: 0 } }, {}).nodes[0]!;

test('a proxy that acknowledged everything is up to date, and lacks nothing', () => {
  const { acknowledged, refused, lastNack } = statusOf(type('CDS'), type('LDS'));
  assert.deepEqual([acknowledged, refused, lastNack], [true, [], undefined]);
});

test('what a proxy refused is named with its own words, and once', () => {
  const lastNack = { detail: 'no such cluster', at: 7, names: ['a'] };
  const behind = type('CDS', { versionAcked: '1', lastNack, problems: { a: 'no such cluster' } });
  const status = statusOf(behind, behind, type('LDS', { lastNack: { detail: 'older', at: 5, names: ['in'] } }));
  assert.equal(status.acknowledged, false);
  assert.deepEqual(status.lastNack, { type: 'CDS', names: ['a'], detail: 'no such cluster', at: 7 });
  assert.deepEqual(status.refused, [{ type: 'CDS', name: 'a', detail: 'no such cluster' }]);
});

test('a refusal that was made good stays to be read, but nothing is lacking', () => {
  const status = statusOf(type('CDS', { lastNack: { detail: 'once', at: 7, names: ['a'] } }));
  assert.deepEqual([status.acknowledged, status.refused, status.lastNack?.detail], [true, [], 'once']);
});
