import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Learned } from '../../control-plane/guardian/ports.ts';
import { createShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { faulted, type Run, start, until } from './chaos-scene.ts';
import { learned } from './policies.ts';

const quiet = { info() {}, warn() {}, error() {} };

/** Breaks an episode off as soon as its fault is felt. */
const broken: Learned = {
  ...learned,
  signatureOf() {
    throw new Error('no name for it');
  },
};

const receipts = (store: Store) => store.ledger.list().flatMap((line) => line.episode ?? []);
const cutShort = (run: Run) =>
  run.store.episodes.list().filter((e) => e.invalid?.startsWith('broken off') && e.endedAt !== undefined);

test('an episode that breaks off is counted and booked for the time its fault was in force', async () => {
  const run = start({ learned: broken, logger: quiet, generator: { kinds: ['abort'], exclude: ['web', 'cart'] } });
  await until(run, () => cutShort(run).length > 0);
  const [cut] = cutShort(run);
  const status = run.loop.status();
  assert.deepEqual(receipts(run.store), [cut!.id]);
  assert.ok(run.store.ledger.list()[0]!.amount < 0);
  assert.deepEqual([status.faultsInjected, status.byKind], [1, { abort: 1 }]);
  await run.end();
});

test('an episode that a death of the control plane cut short is booked once, at the next start', async () => {
  const first = start();
  await until(first, () => faulted(first));
  const id = first.store.episodes.list()[0]!.id;
  // The control plane is gone: what it had in memory, and its part of the ledger, was never written.
  assert.deepEqual(receipts(first.store), []);
  const again = start({ store: first.store, world: createShopWorld(4, 'shadow') });
  await again.live(5);
  assert.deepEqual(receipts(first.store), [id]);
  await again.end();
});
