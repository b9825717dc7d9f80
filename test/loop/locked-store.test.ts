import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openStore } from '../../control-plane/store/sqlite.ts';
import { scene } from './guardian-scene.ts';
import { believing } from './policies.ts';

/** A real store whose file another process can be made to hold locked, which refuses writes as a full disk does. */
function lockable(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-locked-'));
  const path = join(folder, 'store.db');
  const time = { now: 0 };
  const store = openStore(path, { now: () => time.now });
  let other: DatabaseSync | undefined;
  const unlock = () => {
    other?.close();
    other = undefined;
    time.now += 60_000;
  };
  t.after(() => {
    unlock();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    store,
    path,
    lock() {
      other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
    },
    unlock,
  };
}

test('what does harm is taken back though nothing can be written', async (t) => {
  const { store, lock } = lockable(t);
  const s = scene(believing({ 'admission-control@ingress>web×1': 0.9 }), { store });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.7 });
  while (s.inForce().length === 0) await s.run(1);
  lock();
  await s.run(8);
  assert.deepEqual(s.inForce(), []);
  const decision = store.decisions.list().find((d) => d.action.do === 'apply');
  assert.equal(decision?.outcome?.verdict, 'removed-worse', 'and it is known why');
});

test('a take-back does not depend on its record', async (t) => {
  const { store } = lockable(t);
  const s = scene(believing({ 'admission-control@ingress>web×1': 0.9 }), { store });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.7 });
  while (s.inForce().length === 0) await s.run(1);
  const put = t.mock.method(store.decisions, 'put', () => {
    throw new Error('a record that cannot be made');
  });
  await assert.rejects(s.run(8), /cannot be made/);
  assert.ok(put.mock.callCount() > 0);
  assert.deepEqual(s.inForce(), []);
});

test('orders count at once, say that they are not written, and are written later', async (t) => {
  const { store, path, lock, unlock } = lockable(t);
  const s = scene(believing({ 'failover@web>pay×1': 0.4 }), { store });
  await s.run(30);
  s.world.ailments.set('pay', { errors: 0.9 });
  while (s.inForce().length === 0) await s.run(1);
  lock();
  const by = { by: 'ada', reason: 'x', ttlMs: 3600_000 };
  const lease = s.world.leases()[0]!.id;
  const undone = await s.guardian.override({ order: { type: 'undo', lease }, ...by });
  assert.match(undone.note ?? '', /counts now.*UMB0502.*would not survive a restart/);
  assert.deepEqual(s.inForce(), []);
  const frozen = await s.guardian.override({ order: { type: 'freeze' }, ...by });
  assert.match(frozen.note ?? '', /UMB0502/);
  await s.run(5);
  assert.deepEqual(s.inForce(), []);
  unlock();
  const mode = await s.guardian.override({ order: { type: 'mode', service: 'pay', mode: 'observe' }, ...by });
  assert.equal(mode.note, undefined);
  const again = openStore(path);
  t.after(() => again.close());
  assert.deepEqual(
    again.overrides
      .list()
      .map((o) => o.order.type)
      .sort(),
    ['forbid', 'freeze', 'mode'],
  );
});
