import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '../../api/kinds/parse.ts';
import { externalModes, mockedExternals } from './external-modes.ts';

test('of what is outside, only what a mock answers is learned from', () => {
  const documents = parseDocuments(
    `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: a }
spec:
  entry: { service: web }
  services: { web: { command: [x], calls: { bank: {}, post: {}, maps: {}, mail: {}, news: {} } } }
  externals:
    bank: { url: 'http://127.0.0.1:1' }
    post: { url: 'http://127.0.0.1:2' }
    maps: { url: 'http://127.0.0.1:3' }
    mail: { url: 'http://127.0.0.1:4' }
    news: { url: 'http://127.0.0.1:5' }
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: s }
spec:
  application: a
  externals:
    post: { mode: mock }
    maps: { mode: read-only }
    mail: { mode: deny }
    news: { mode: sandbox, url: 'http://127.0.0.1:6' }
`,
    'f',
  );
  assert.equal(externalModes(documents).get('bank'), 'mock', 'where nothing is said');
  assert.deepEqual([...mockedExternals(documents)], ['bank', 'post', 'maps']);
});
