import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../envoy/node.ts';
import { sharers } from './mesh-server.ts';

const endpoint = (replica: number, healthy: boolean): Endpoint => ({
  address: { host: '127.0.0.1', port: 9000 + replica },
  replica,
  healthy,
});

test('a limit is divided among the proxies that carry traffic, not among those that are wanted', () => {
  const growing = { web: [true, true, false, false].map((healthy, i) => endpoint(i, healthy)) };
  assert.equal(sharers({ endpoints: growing }, 'web'), 2);
  assert.equal(sharers({ endpoints: { web: growing.web.map((e) => ({ ...e, healthy: true })) } }, 'web'), 4);
  assert.equal(sharers({ endpoints: { web: [endpoint(0, false)] } }, 'web'), 1, 'before the first answers');
  assert.equal(sharers({ endpoints: growing }, 'ingress'), 1);
});
