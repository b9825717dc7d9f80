import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateMirror } from '../../../filters/config.ts';
import { parseDocuments } from '../../api/kinds/parse.ts';
import { mirrorConfig, pseudonymKey } from './mirror-config.ts';

const documents = (shadow: string, session = '') =>
  parseDocuments(
    `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: a }
spec:
  entry: { service: web${session} }
  services: { web: { command: [x] } }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec: { application: a${shadow} }
`,
    'f',
  );

test('documents become what the filter accepts', () => {
  const full = documents(
    ', mirror: { percent: 50, maxBody: 64KiB, maxInFlight: 8, redact: { headers: [X-A], query: [q], jsonFields: [name, $.user.note] }, ids: { jsonFields: [id, $.order.id], location: true, setCookie: true } }, identity: { cookie: sid, header: X-User }',
    ', session: { cookie: sid }',
  );
  for (const [d, share] of [
    [full, 0.5],
    [documents(''), 1],
    [documents('', ', session: { header: X-Session }'), 2],
  ] as const) {
    const config = mirrorConfig({ documents: d, key: pseudonymKey('secret'), generation: 3, share })!;
    assert.deepEqual(validateMirror(config), []);
  }
  const config = mirrorConfig({ documents: full, key: pseudonymKey('x'), generation: 3, share: 0.5 })!;
  assert.equal(config.percent, 25);
  assert.deepEqual(config.session, { cookie: 'sid' });
  assert.deepEqual(config.learn?.jsonPaths, ['$.id', '$.order.id']);
  assert.deepEqual(config.redact?.headers, ['x-a']);
  assert.deepEqual(config.redact?.jsonFields, ['name']);
  assert.deepEqual(config.redact?.jsonPaths, ['$.user.note']);
});

test('no shadow, no copies; a key that says nothing of its secret', () => {
  const { application } = documents('');
  assert.equal(mirrorConfig({ documents: { application }, key: '', generation: 1, share: 1 }), undefined);
  assert.match(pseudonymKey('secret'), /^[0-9a-f]{32}$/);
  assert.notEqual(pseudonymKey('secret'), pseudonymKey('secret2'));
});
