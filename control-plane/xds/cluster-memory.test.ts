import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, resource } from '../../test/xds/sample.ts';
import { ClusterMemory } from './cluster-memory.ts';
import { TypeSet } from './type-set.ts';

const sent = (...names: string[]) => ({
  set: new TypeSet(
    CDS,
    names.map((name) => resource(CDS, name)),
  ),
  kept: [],
  warmedBy: new Map([
    [
      EDS,
      new TypeSet(
        EDS,
        names.map((name) => resource(EDS, name)),
      ),
    ],
  ]),
});

test('a client that says a version holds that answer, one that says an unknown one the newest, one that says none nothing', () => {
  const memory = new ClusterMemory();
  assert.equal(memory.recall('of another server'), undefined);
  const [one, two] = [sent('a'), sent('b')];
  memory.remember('1', one);
  memory.remember('2', two);
  assert.equal(memory.recall('1'), one);
  assert.equal(memory.recall('unknown'), two);
  assert.equal(memory.recall(''), undefined);
  memory.remember('1', one);
  assert.equal(memory.recall('unknown'), one, 'an answer sent again is the newest');
});

test('endpoints are found as they were with the newest clusters that had them', () => {
  const memory = new ClusterMemory();
  memory.remember('1', sent('a', 'b'));
  memory.remember('2', sent('b'));
  assert.equal(memory.warmedBy(EDS, 'a')?.name, 'a');
  assert.equal(memory.warmedBy(EDS, 'c'), undefined);
  assert.equal(memory.warmedBy(CDS, 'a'), undefined);
});

test('what was acknowledged stays known, what was sent before does not, what was sent since does', () => {
  const memory = new ClusterMemory();
  for (const version of ['1', '2', '3']) memory.remember(version, sent(version));
  memory.acknowledged('2');
  assert.deepEqual([...memory.recall('2')!.set.resources.keys()], ['2']);
  assert.deepEqual([...memory.recall('1')!.set.resources.keys()], ['3']);
  assert.equal(memory.warmedBy(EDS, '1'), undefined);
  assert.equal(memory.warmedBy(EDS, '2')?.name, '2', 'should it warm anew');
  assert.deepEqual(
    [...memory.after('2')].map(({ set }) => [...set.resources.keys()]),
    [['3']],
  );
  assert.equal(memory.warmedBy(EDS, '3')?.name, '3');
  memory.acknowledged('1');
  assert.ok(memory.recall('2')!.set.get('2'), 'what is not known any more is not acknowledged');
});

test('it does not grow without end', () => {
  const memory = new ClusterMemory();
  for (let i = 0; i < 100; i++) memory.remember(`${i}`, sent(`${i}`));
  assert.equal(memory.warmedBy(EDS, '83'), undefined);
  assert.equal(memory.warmedBy(EDS, '84')?.name, '84');
});
