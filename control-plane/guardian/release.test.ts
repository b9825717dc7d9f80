import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MitigationLease } from '../mesh/lease.ts';
import { createRelease } from './release.ts';

const lease = (id: string) => ({ id }) as MitigationLease;
const own = [lease('old'), lease('young')];

test('quiet first, then the youngest; the next soon after a success', () => {
  const r = createRelease({ quietMs: 1000, gapMs: 100 });
  assert.equal(r.next(10_000, own, false), undefined, 'not started');
  r.start(10_000);
  assert.equal(r.next(10_999, own, false), undefined);
  assert.equal(r.next(11_000, own, false)?.id, 'young');
  r.succeeded(11_500);
  assert.equal(r.next(11_599, own.slice(0, 1), false), undefined);
  assert.equal(r.next(11_600, own.slice(0, 1), false)?.id, 'old');
});

test('a failed probe doubles the wait up to the most, and gives another lease its turn', () => {
  const r = createRelease({ quietMs: 1000, maxMs: 3000 });
  r.start(0);
  r.failed(1000);
  assert.equal(r.next(2999, own, false), undefined);
  assert.equal(r.next(3000, own, false)?.id, 'old');
  r.failed(3000);
  assert.equal(r.dueAt(), 6000);
  r.start(10_000);
  assert.equal(r.dueAt(), 11_000, 'a new recovery starts afresh');
});

test('while the origin is still ill a probe waits four times as long', () => {
  const r = createRelease({ quietMs: 1000 });
  r.start(0);
  assert.equal(r.next(3999, own, true), undefined);
  assert.equal(r.next(4000, own, true)?.id, 'young');
});
