import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptToken, get } from './api.ts';

test('an answer that does not come is told, and that an order may be carried out all the same', async (t) => {
  const patience: number[] = [];
  t.mock.method(AbortSignal, 'timeout', (ms: number) => {
    patience.push(ms);
    return AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  });
  t.mock.method(globalThis, 'fetch', async (_: string, { signal }: RequestInit) => signal?.throwIfAborted());
  await assert.rejects(get('/status'), { code: 'UMB0802', message: 'the control plane gave no answer within 10 s' });
  await assert.rejects(acceptToken('x'), { code: 'UMB0802', message: /within 90 s; the order may be carried out/ });
  assert.deepEqual(patience, [10_000, 90_000]);
});
