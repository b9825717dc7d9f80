import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import { createRelease } from './release.ts';

const lease = (id: string) => ({ id }) as MitigationLease;
const own = [lease('old'), lease('young')];

test('quiet first, then the youngest; the next soon after a success', () => {
  const r = createRelease({ quietMs: 1000, gapMs: 100 });
  assert.equal(r.due(10_000, false), false, 'not started');
  r.start(10_000);
  assert.equal(r.due(10_999, false), false);
  assert.equal(r.due(11_000, false), true);
  assert.equal(r.next(own)?.id, 'young');
  r.succeeded(11_500);
  assert.equal(r.due(11_599, false), false);
  assert.equal(r.due(11_600, false), true);
  assert.equal(r.next(own.slice(0, 1))?.id, 'old');
  assert.equal(r.next([]), undefined);
});

test('a failed probe doubles the wait up to the most, and gives another lease its turn', () => {
  const r = createRelease({ quietMs: 1000, maxMs: 3000 });
  r.start(0);
  r.failed(1000);
  assert.equal(r.due(2999, false), false);
  assert.equal(r.due(3000, false), true);
  assert.equal(r.next(own)?.id, 'old');
  r.failed(3000);
  assert.equal(r.due(5999, false), false);
  assert.equal(r.due(6000, false), true);
  r.start(10_000);
  assert.equal(r.due(10_999, false), false, 'a new recovery starts afresh');
  assert.equal(r.due(11_000, false), true);
});

test('while the origin is still ill a probe waits four times as long', () => {
  const r = createRelease({ quietMs: 1000 });
  r.start(0);
  assert.equal(r.due(3999, true), false);
  assert.equal(r.due(4000, true), true);
});
