import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NONE, OURS } from './figures.ts';
import { flatnessRows } from './flatness.ts';

const levels = ['1 live', '1000 live'];

test('what Envoy itself takes more of is not the added cost, and both are shown', () => {
  const costs = new Map([
    [
      NONE,
      [
        [100, 110, 100],
        [200, 210, 200],
      ],
    ],
    [
      OURS,
      [
        [150, 160, 150],
        [252, 262, 252],
      ],
    ],
    [
      'Rust SDK',
      [
        [160, 170, 160],
        [320, 330, 320],
      ],
    ],
  ]);
  const rows = flatnessRows('a case', levels, costs);
  const [one, , , thousand, whole, multiple] = rows;
  assert.equal(one!.ours, 50);
  assert.equal(one!.target, undefined);
  assert.equal(thousand!.ours, 52);
  assert.deepEqual(thousand!.peers, { 'Rust SDK': 120 });
  assert.equal(thousand!.ratio, 1.04);
  assert.equal(thousand!.met, true);
  assert.equal(thousand!.note, 'to the same with 1 live: ours 1.04, Rust SDK 2.00');
  assert.equal(whole!.ours, 252);
  assert.deepEqual(whole!.peers, { [NONE]: 200, 'Rust SDK': 320 });
  assert.match(whole!.note!, /none 2\.00, ours 1\.68/);
  assert.equal(whole!.met, undefined);
  assert.equal(multiple!.ours, 1.26);
  assert.deepEqual(multiple!.peers, { [NONE]: 1, 'Rust SDK': 1.6 });
});

test('an added cost that grows is not flat, though the whole hardly does', () => {
  const costs = new Map([
    [NONE, [[100], [100]]],
    [OURS, [[110], [112]]],
  ]);
  assert.equal(flatnessRows('a case', levels, costs)[3]!.met, false);
});

test('where nothing runs without a filter, the whole cost is to be flat', () => {
  const rows = flatnessRows(
    'a case',
    levels,
    new Map([
      [
        OURS,
        [
          [100, 100],
          [110, 120],
        ],
      ],
    ]),
  );
  assert.equal(rows.length, 2);
  assert.equal(rows[1]!.ratio, 1.15);
  assert.equal(rows[1]!.met, true);
});
