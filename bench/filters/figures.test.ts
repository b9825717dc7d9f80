import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGAIN, added, NONE, OURS, rowsOf } from './figures.ts';
import { jsonOf } from './payloads.ts';
import type { Sample } from './side-by-side.ts';

const costs = (...cpu: number[]): Sample[] => cpu.map((c) => ({ cpu: c, perSecond: 1000 / c, p50: 1, p99: 2 }));
const samples = new Map([
  [NONE, costs(100, 110, 120)],
  [OURS, costs(102, 111, 123)],
  ['Lua', costs(105, 114, 126)],
  ['routed', costs(200, 200, 200)],
  ['native', costs(201, 207, 203)],
  [AGAIN, costs(100, 111, 119)],
]);

test('added CPU time is the difference within a round', () => {
  assert.deepEqual(added(samples, OURS, NONE), [2, 1, 3]);
});

test('the row of added CPU time has medians, the ratio to the reference, and the goal', () => {
  const goal = { text: 'below Lua', met: (ours: number, peers: Readonly<Record<string, number>>) => ours < peers.Lua! };
  const [row] = rowsOf('a case', samples, 'Lua', goal, { native: 'routed' });
  assert.equal(row?.ours, 2);
  assert.deepEqual(row?.peers, { Lua: 5, native: 3, [AGAIN]: 0 });
  assert.equal(row?.ratio, 2 / 5);
  assert.equal(row?.met, true);
  assert.equal(row?.rounds, 3);
  assert.equal(rowsOf('a case', samples, 'Lua', { text: '≤ 1', met: (ours) => ours <= 1 })[0]?.met, false);
});

test('added instructions have a row where every round counted them', () => {
  const measures = (counted: ReadonlyMap<string, readonly Sample[]>) =>
    rowsOf('a case', counted, 'Lua').filter((row) => row.measure.startsWith('added instructions'));
  assert.deepEqual(measures(samples), []);
  const each = [...samples].map(([name, of], i) => [name, of.map((s) => ({ ...s, instructions: 5000 + 1000 * i }))]);
  const [row] = measures(new Map(each as [string, Sample[]][]));
  assert.equal(row?.ours, 1);
  assert.equal(row?.peers?.Lua, 2);
  const some = new Map(each as [string, Sample[]][]).set(NONE, costs(100, 110, 120));
  assert.deepEqual(measures(some), []);
});

for (const bytes of [1024, 4096]) {
  test(`the payload of ${bytes} bytes is JSON of that size`, () => {
    const text = jsonOf(bytes);
    assert.equal(Buffer.byteLength(text), bytes);
    assert.ok(JSON.parse(text).items.length > 2);
  });
}
