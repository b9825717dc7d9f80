import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../../mesh/snapshot.ts';
import { SnapshotFeed } from './snapshots.ts';

const snapshot = (at: number) => ({ at }) as Snapshot;

test('readers get each window in order; a slow one the newest', async () => {
  const feed = new SnapshotFeed();
  const reader = feed.read()[Symbol.asyncIterator]();
  const first = reader.next();
  feed.push(snapshot(1));
  assert.equal((await first).value?.at, 1);
  feed.push(snapshot(2));
  feed.push(snapshot(3));
  assert.equal((await reader.next()).value?.at, 3);
  const waiting = reader.next();
  feed.end();
  assert.equal((await waiting).done, true);
});

test('what came before is not news, and a signal ends the reading', async () => {
  const feed = new SnapshotFeed();
  feed.push(snapshot(1));
  const end = new AbortController();
  const reader = feed.read(end.signal)[Symbol.asyncIterator]();
  const next = reader.next();
  end.abort();
  assert.equal((await next).done, true);
  assert.equal(feed.latest?.at, 1);
});
