import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examplePattern } from '../../test/loop/example-pattern.ts';
import type { Pattern } from '../mesh/record.ts';
import { forgettable } from './forgettable.ts';

const DAY = 24 * 3600_000;
const now = 100 * DAY;

const pattern = (id: string, more: Partial<Pattern> = {}): Pattern =>
  examplePattern({ id, faults: ['latency'], lastSeen: now, ...more });

const ids = (patterns: readonly Pattern[]) => patterns.map((p) => p.id);

test('a candidate tried no more than once goes after 30 days unseen; nothing else does', () => {
  const old = { lastSeen: now - 31 * DAY };
  const patterns = [
    pattern('seen lately', { lastSeen: now - 29 * DAY }),
    pattern('old', old),
    pattern('never tried', { ...old, trials: 0 }),
    pattern('tried twice', { ...old, trials: 2 }),
    pattern('trusted', { ...old, status: 'trusted' }),
    pattern('retired', { ...old, status: 'retired' }),
  ];
  assert.deepEqual(ids(forgettable(patterns, now)), ['old', 'never tried']);
});

test('of the lately seen the newest thousand stay; the oldest go first, a hundred at a time', () => {
  const many = Array.from({ length: 1250 }, (_, i) => pattern(`p${i}`, { lastSeen: now - i }));
  const trusted = Array.from({ length: 50 }, (_, i) => pattern(`t${i}`, { status: 'trusted', trials: 2 }));
  const first = ids(forgettable([...trusted, ...many], now));
  assert.deepEqual([first.length, first[0], first.at(-1)], [100, 'p1150', 'p1249']);
  assert.deepEqual(ids(forgettable(many.slice(0, 1001), now)), ['p1000']);
  assert.deepEqual(forgettable(many.slice(0, 1000), now), []);
});
