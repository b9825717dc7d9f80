import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../mesh/lease.ts';
import { recoverLeases } from './lease-port.ts';

const lease = (id: string, type: 'fault' | 'mitigation', expiresAt: number, createdAt = 0) =>
  ({ id, type, expiresAt, createdAt }) as unknown as Lease;

test('mitigations that have not expired stay; faults survive nothing', () => {
  const kept = new Map(
    [
      lease('m2', 'mitigation', 200, 2),
      lease('m1', 'mitigation', 200, 1),
      lease('old', 'mitigation', 100),
      lease('f1', 'fault', 300),
      lease('f2', 'fault', 50),
    ].map((l) => [l.id, l]),
  );
  const store = {
    leases: () => ({ put: () => {}, list: () => [...kept.values()], delete: (id: string) => void kept.delete(id) }),
  };
  const found = recoverLeases(store, 'shadow', 100);
  assert.deepEqual(
    found.kept.map((l) => l.id),
    ['m1', 'm2'],
  );
  assert.deepEqual(
    found.cleared.map((l) => l.id),
    ['f1', 'f2'],
  );
  assert.deepEqual([...kept.keys()], ['m2', 'm1']);
});
