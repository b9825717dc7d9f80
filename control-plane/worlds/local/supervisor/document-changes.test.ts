import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '../../../api/kinds/parse.ts';
import { assertFollowable, restartsControlPlane } from './document-changes.ts';

const application = `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web, port: 8080, slo: 300ms }
  externals: { bank: { url: http://bank:80 }, post: { url: http://post:80 } }
  services:
    web:
      command: [web]
      calls: { cart: { timeout: 1s }, bank: {} }
    cart: { command: [cart], replicas: 2, scale: { max: 4 }, protocol: http, mode: auto }
`;
const shadow = `---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: shop, isolation: namespaces, mirror: { percent: 50 }, externals: { bank: { mode: read-only } } }
`;
const text = application + shadow;
const before = parseDocuments(text, 'app.yaml');
const changed = (from: string, to: string) => {
  assert.ok(text.includes(from), from);
  return parseDocuments(text.replace(from, to), 'app.yaml');
};

const refused: [what: string, from: string, to: string][] = [
  ['services', '    cart:', '    more: { command: [more] }\n    cart:'],
  ['what they speak', 'protocol: http', 'protocol: grpc'],
  ['or calls', ', bank: {}', ''],
  ["the entry's port", '8080', '8081'],
  ['whether there is a Shadow', shadow, ''],
  ["the Shadow's isolation", 'isolation: namespaces', 'isolation: declared'],
  ["the Shadow's resources", 'isolation', 'resources: { cpu: 1 }, isolation'],
  ["the Shadow's externals", 'read-only', 'deny'],
  ["the Shadow's externals", 'http://bank:80', 'http://bank:81'],
  ['chaos.load', 'isolation', 'chaos: { load: [/] }, isolation'],
];
for (const [what, from, to] of refused)
  test(`a change of ${what} (${from.trim().split('\n')[0]}) is refused, with what to do`, () => {
    const after = changed(from, to);
    assert.throws(
      () => assertFollowable(before, after),
      (e: { code: string; message: string; remedy: string }) =>
        e.code === 'UMB0101' && e.message.includes(what) && e.remedy.includes('start it again'),
    );
  });

test("another application's documents are refused", () => {
  const other = parseDocuments(text.replaceAll('shop', 'fair'), 'app.yaml');
  assert.throws(() => assertFollowable(before, other), { code: 'UMB0101', message: /the application's name/ });
});

const restarts: [from: string, to: string][] = [
  ['replicas: 2', 'replicas: 3'],
  ['max: 4', 'max: 8'],
  ['mode: auto', 'mode: off'],
  ['timeout: 1s', 'timeout: 2s'],
  ['timeout: 1s', 'timeout: 1s, slo: 1s'],
  ['timeout: 1s', 'timeout: 1s, retries: 1'],
  ['timeout: 1s', 'timeout: 1s, idempotent: all'],
  ['timeout: 1s', 'timeout: 1s, optional: true'],
  ['[web]', '[web]\n      failover: cart'],
  ['slo: 300ms', 'slo: 400ms'],
  ['slo: 300ms', 'slo: 300ms, protected: [{ pathPrefix: /pay }]'],
  ['isolation', 'chaos: { enabled: false }, isolation'],
  ['percent: 50', 'percent: 50, redact: { emails: true }'],
];
for (const [from, to] of restarts)
  test(`the control plane starts again to follow ${to.trim().replace('\n      ', ' ')}`, () => {
    const after = changed(from, to);
    assertFollowable(before, after);
    assert.ok(restartsControlPlane(before, after));
  });

const goesOn: [from: string, to: string][] = [
  ['[web]', '[web, again]'],
  ['[web]', '[web]\n      env: { A: b }'],
  ['[web]', '[web]\n      health: { path: / }'],
  ['slo: 300ms', 'slo: 300ms, session: { cookie: sid }'],
  ['percent: 50', 'percent: 20'],
  ['isolation', 'scale: 0.5, isolation'],
  ['http://post:80', 'http://post:81'],
  ['replicas: 2, scale: { max: 4 }', 'scale: { max: 4 }, replicas: 2'],
];
for (const [from, to] of goesOn)
  test(`the control plane goes on with ${to.trim().replace('\n      ', ' ')}`, () => {
    const after = changed(from, to);
    assertFollowable(before, after);
    assert.ok(!restartsControlPlane(before, after));
  });
