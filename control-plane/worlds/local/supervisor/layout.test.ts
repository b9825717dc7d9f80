import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '../../../api/kinds/parse.ts';
import { inheritedEnv, planKey, planReplica } from './layout.ts';

const documents = (more = '') =>
  parseDocuments(
    `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web }
  services:
    web:
      command: [node, web.js, '{{port}}']
      cwd: sub
      env: { CART: '{{url.cart}}', DB_PASSWORD: hunter2, PLAIN: x }
      secrets: [DB_PASSWORD]
      calls: { cart: {} }
      resources: { cpu: 0.5, memory: 64MiB }
    cart: { command: [node, cart.js], secrets: [HOSTNAME] }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: shop${more} }
`,
    'app.yaml',
  );

function plan(world: 'production' | 'shadow', more = '') {
  const d = documents(more);
  return planReplica({
    world,
    service: 'web',
    replica: 1,
    spec: d.application.spec.services.web!,
    documents: d,
    file: '/srv/app.yaml',
    ports: { app: 1, inbound: 2, outbound: { cart: 3 } },
    data: '/d',
    inherited: { PATH: '/bin' },
  });
}

test('a replica is started as its document says, with its own addresses', () => {
  const { argv, cwd, env, node, cpuLimit, memoryLimit } = plan('production');
  assert.deepEqual(argv, ['node', 'web.js', '1']);
  assert.equal(cwd, '/srv/sub');
  assert.equal(env.CART, 'http://127.0.0.1:3');
  assert.equal(env.DB_PASSWORD, 'hunter2');
  assert.equal(node.id, 'production/web/1');
  assert.deepEqual(node.inbound, { listen: { host: '127.0.0.1', port: 2 }, app: { host: '127.0.0.1', port: 1 } });
  assert.deepEqual([cpuLimit, memoryLimit], [0.5, 64 * 2 ** 20]);
});

test('secrets are not copied into the shadow unless it names them', () => {
  assert.equal(plan('shadow').env.DB_PASSWORD, undefined);
  assert.equal(plan('shadow').env.PLAIN, 'x');
  assert.equal(plan('shadow', ', secrets: [DB_PASSWORD]').env.DB_PASSWORD, 'hunter2');
});

test('what is inherited lacks credentials in the shadow, and is whole in production', () => {
  const from = {
    PATH: '/bin',
    HOSTNAME: 'h',
    AWS_SECRET_ACCESS_KEY: 'k',
    GITHUB_TOKEN: 't',
    UMBRA_TOKEN: 'u',
    LANG: 'C',
  };
  assert.deepEqual(inheritedEnv('shadow', documents(), from), { PATH: '/bin', LANG: 'C' });
  assert.deepEqual(inheritedEnv('shadow', documents(', secrets: [GITHUB_TOKEN]'), from), {
    PATH: '/bin',
    LANG: 'C',
    GITHUB_TOKEN: 't',
  });
  const { UMBRA_TOKEN: _, ...all } = from;
  assert.deepEqual(inheritedEnv('production', documents(), from), all);
});

test('a replica is left as it is unless what it was started with has changed', () => {
  const one = plan('production');
  assert.equal(planKey(one), planKey({ ...one, env: { ...one.env } }));
  for (const other of [
    { version: '2' },
    { argv: ['x'] },
    { env: {} },
    { cpuLimit: 1 },
    { health: { kind: 'grpc', service: '' } as const },
  ])
    assert.notEqual(planKey(one), planKey({ ...one, ...other }));
});
