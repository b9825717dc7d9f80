import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assignRows, type Band } from './lanes.ts';

const bands = fc.array(
  fc.record({
    id: fc.uuid(),
    kind: fc.constantFrom<Band['kind'][]>('fault', 'mitigation', 'incident'),
    label: fc.constant(''),
    from: fc.integer({ min: 0, max: 100 }),
    length: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 12 },
);

test('no band covers another while there are rows, and each is drawn once', () => {
  fc.assert(
    fc.property(bands, (made) => {
      const input: Band[] = made.map(({ length, ...b }) => ({ ...b, to: b.from + length }));
      const placed = assignRows(input, 200, 30);
      assert.equal(placed.length, input.length);
      for (const a of placed) {
        assert.ok(a.band.kind !== 'mitigation' || a.row >= 1, 'the first row belongs to what went wrong');
        for (const b of placed) {
          if (a === b || a.row !== b.row) continue;
          assert.ok(a.band.to! <= b.band.from || b.band.to! <= a.band.from, 'two bands overlap');
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('beyond the last row bands share it', () => {
  const same: Band[] = ['a', 'b', 'c', 'd'].map((id) => ({ id, kind: 'mitigation', label: '', from: 0 }));
  assert.deepEqual(
    assignRows(same, 10, 3).map((p) => p.row),
    [1, 2, 2, 2],
  );
  assert.deepEqual(
    assignRows(same, 10, 3).map((p) => p.clearTo),
    [undefined, 0, 0, undefined],
    'where the next one begins there is no room for a label',
  );
});
