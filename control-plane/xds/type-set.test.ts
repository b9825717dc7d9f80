import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, RTDS, resource } from '../../test/xds/sample.ts';
import { TypeSet, typeSet } from './type-set.ts';

const names = (changes: { upserted: readonly { name: string }[]; removed: readonly string[] }) => [
  changes.upserted.map((r) => r.name),
  changes.removed,
];

test('the version is of the content alone, whatever the order', () => {
  const a = new TypeSet(CDS, [resource(CDS, 'a'), resource(CDS, 'b')]);
  const b = new TypeSet(CDS, [resource(CDS, 'b'), resource(CDS, 'a')]);
  assert.equal(a.version, b.version);
  const others = [
    [resource(CDS, 'a')],
    [resource(CDS, 'a', '2'), resource(CDS, 'b')],
    [resource(CDS, 'a', '1', { scope: 'shadow' }), resource(CDS, 'b')],
    [resource(CDS, 'a', '1', { ttlMs: 5 }), resource(CDS, 'b')],
    [],
  ];
  for (const other of others) assert.notEqual(new TypeSet(CDS, other).version, a.version);
});

test('equal content is one shared object; serials tell sets apart', () => {
  const a = typeSet(CDS, [resource(CDS, 'shared')]);
  assert.equal(typeSet(CDS, [resource(CDS, 'shared')]), a);
  const b = typeSet(CDS, [resource(CDS, 'shared', '2')]);
  assert.ok(b.serial > a.serial);
});

test('a label names a state and is no part of its content', () => {
  const plain = typeSet(CDS, [resource(CDS, 'labelled')]);
  const named = typeSet(CDS, [resource(CDS, 'labelled')], 'v7');
  assert.deepEqual([plain.label, named.label, named.version], [plain.version, 'v7', plain.version]);
  assert.notEqual(named, plain);
  assert.equal(typeSet(CDS, [resource(CDS, 'labelled')], 'v7'), named);
  const mixed = typeSet(RTDS, [resource(RTDS, 'a'), resource(RTDS, 'b', '1', { scope: 'shadow' })], 'v7');
  assert.equal(mixed.visibleTo('production').label, 'v7');
});

test('changes between sets, computed once', () => {
  const a = new TypeSet(CDS, [resource(CDS, 'same'), resource(CDS, 'old'), resource(CDS, 'gone')]);
  const b = new TypeSet(CDS, [resource(CDS, 'same'), resource(CDS, 'old', '2'), resource(CDS, 'new')]);
  assert.deepEqual(names(b.changesSince(a)), [['old', 'new'], ['gone']]);
  assert.equal(b.changesSince(a), b.changesSince(a));
  assert.deepEqual(names(b.changesSince(undefined)), [['same', 'old', 'new'], []]);
  assert.deepEqual(names(b.changesSince(b)), [[], []]);
});

test('production sees what is for any world; a set without more is shown as it is', () => {
  const fault = resource(RTDS, 'fault', '1', { scope: 'shadow' });
  const mixed = new TypeSet(RTDS, [resource(RTDS, 'tuning'), fault]);
  assert.deepEqual([...mixed.visibleTo('production').resources.keys()], ['tuning']);
  assert.equal(mixed.visibleTo('shadow'), mixed);
  const plain = new TypeSet(RTDS, [resource(RTDS, 'tuning')]);
  assert.equal(plain.visibleTo('production'), plain);
  assert.notEqual(mixed.visibleTo('production').version, mixed.version);
});

test('a time to live is part of the version, once', () => {
  const timed = (ttlMs?: number) => resource(RTDS, 'layer', '1', ttlMs === undefined ? {} : { ttlMs });
  const set = new TypeSet(RTDS, [timed(200)]);
  const [layer] = set.resources.values();
  assert.notEqual(layer!.version, timed().version);
  assert.equal(new TypeSet(RTDS, [layer!]).get('layer'), layer);
  assert.deepEqual(names(new TypeSet(RTDS, [timed()]).changesSince(set)), [['layer'], []]);
  assert.deepEqual(names(new TypeSet(RTDS, [timed(400)]).changesSince(set)), [['layer'], []]);
});
