import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDocuments } from '../../control-plane/api/kinds/parse.ts';
import { withProvider } from './document.ts';
import { document } from './launchers.ts';

test('only the provider’s address and the folder differ', () => {
  const text = readFileSync(document, 'utf8');
  const there = parseDocuments(withProvider(text, 'http://127.0.0.1:9', '/folder'), 'copy.yaml');
  const here = parseDocuments(text, 'app.yaml');
  assert.deepEqual(there.shadow, here.shadow);
  assert.equal(there.application.spec.externals?.['payment-provider']?.url, 'http://127.0.0.1:9');
  const back = structuredClone(there.application);
  back.spec.externals = here.application.spec.externals!;
  for (const service of Object.values(back.spec.services)) {
    assert.equal(service.cwd, '/folder');
    delete service.cwd;
  }
  assert.deepEqual(back, here.application);
});
