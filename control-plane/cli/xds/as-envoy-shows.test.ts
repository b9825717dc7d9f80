import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutDefaults, withVirtualHosts } from './as-envoy-shows.ts';

const address = { socket_address: { address: '127.0.0.1', port_value: 80 } };

test('endpoints as given and as Envoy shows them are the same', () => {
  const given = { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
  const shown = {
    cluster_name: 'a',
    endpoints: [
      {
        locality: {},
        load_balancing_weight: 0,
        lb_endpoints: [
          { endpoint: { address, health_check_config: {} }, health_status: 'HEALTHY', load_balancing_weight: 1 },
        ],
      },
    ],
    policy: { overprovisioning_factor: 140 },
  };
  assert.deepEqual(withoutDefaults(shown), withoutDefaults(given));
  assert.deepEqual(withoutDefaults({ cluster_name: 'a' }), { cluster_name: 'a' });
});

test('what is no default is kept', () => {
  const given = {
    cluster_name: 'a',
    endpoints: [
      {
        locality: { zone: 'z' },
        load_balancing_weight: 3,
        priority: 1,
        lb_endpoints: [
          {
            endpoint: { address, health_check_config: { port_value: 1 } },
            health_status: 'DRAINING',
            load_balancing_weight: 2,
          },
        ],
      },
    ],
    policy: { overprovisioning_factor: 150, drop_overloads: [] },
  };
  assert.deepEqual(withoutDefaults(given), given);
});

test('discovered virtual hosts are shown among the others, by name', () => {
  const routes = { name: 'r', vhds: {}, virtual_hosts: [{ name: 'b' }] };
  const hosts = (of: object) => (of as { virtual_hosts: { name: string }[] }).virtual_hosts.map((h) => h.name);
  assert.deepEqual(hosts(withVirtualHosts(routes, [{ name: 'c' }, { name: 'a' }])), ['a', 'b', 'c']);
  const plain = { name: 'r', virtual_hosts: [{ name: 'b' }, { name: 'a' }] };
  assert.equal(withVirtualHosts(plain, [{ name: 'c' }]), plain);
});
