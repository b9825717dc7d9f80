import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, resource } from '../../test/xds/sample.ts';
import { DeltaSubscription } from './delta.ts';
import { SotwSubscription } from './sotw.ts';
import type { Goal, Plan, PlanOptions, Subscription } from './subscription.ts';
import type { TypeSet } from './type-set.ts';
import { typeSet } from './type-set.ts';

const options = { ttl: false, patienceMs: 1000 };
const plain: PlanOptions = { holdRemovals: false, freshOnly: false };
const goalOf = (set: TypeSet): Goal => ({ set, frozen: new Set(), revision: 1 });
const setOf = (typeUrl: string, ...names: string[]) =>
  typeSet(
    typeUrl,
    names.map((name) => resource(typeUrl, name)),
  );

/** A stream that asks for names (none: for everything), whatever its protocol. */
function asking(protocol: 'sotw' | 'delta', typeUrl: string, ...names: string[]): Subscription {
  if (protocol === 'sotw') {
    const s = new SotwSubscription(typeUrl, options);
    s.onRequest({ names, version: '', nonce: '', error: undefined });
    return s;
  }
  const s = new DeltaSubscription(typeUrl, options);
  s.onRequest({ subscribe: names, unsubscribe: [], initialVersions: new Map(), nonce: '', error: undefined });
  return s;
}
const names = (plan: Plan | undefined) => plan?.resources.map((r) => r.name).sort();
const send = (s: Subscription, set: TypeSet) => s.commit(goalOf(set), s.plan(goalOf(set), plain)!, plain, 0);

for (const protocol of ['sotw', 'delta'] as const) {
  test(`${protocol}: streams in the same position have one plan, with one key`, () => {
    const set = setOf(EDS, 'a', 'b', 'c', 'd', 'e');
    for (const asked of [[], ['a', 'b', 'c', 'd', 'e']]) {
      const [first, second] = [asking(protocol, EDS, ...asked), asking(protocol, EDS, ...asked.toReversed())];
      const plan = first.plan(goalOf(set), plain);
      assert.deepEqual(names(plan), ['a', 'b', 'c', 'd', 'e']);
      assert.notEqual(plan?.key, undefined);
      assert.equal(second.plan(goalOf(set), plain), plan);
      send(first, set);
      assert.equal(first.plan(goalOf(set), plain), undefined, 'it has what it should');
      assert.equal(second.plan(goalOf(set), plain), plan, 'the other has not');
    }
  });

  test(`${protocol}: who asks for something else has a plan of its own`, () => {
    const set = setOf(EDS, 'a', 'b', 'c', 'd', 'e', 'f');
    assert.deepEqual(names(asking(protocol, EDS, 'a', 'b', 'c', 'd', 'e').plan(goalOf(set), plain)), [
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
    const unknown = asking(protocol, EDS, 'a', 'b', 'c', 'd', 'e', 'x').plan(goalOf(set), plain);
    assert.deepEqual(names(unknown), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(unknown?.key, undefined);
  });
}

test('delta: two that ask for everything again differ in what they have to forget', () => {
  const before = setOf(CDS, 'a', 'b', 'c', 'd', 'e', 'gone');
  const after = setOf(CDS, 'a', 'b', 'c', 'd', 'e');
  const [behind, inStep] = [before, after].map((set) => {
    const s = asking('delta', CDS) as DeltaSubscription;
    send(s, set);
    const empty = { subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: '', error: undefined };
    for (const change of [{ subscribe: ['a'] }, { unsubscribe: ['*'] }, { unsubscribe: ['a'] }, { subscribe: ['*'] }])
      s.onRequest({ ...empty, ...change });
    return s.plan(goalOf(after), plain)!;
  });
  assert.deepEqual([names(behind), behind!.removed], [['a', 'b', 'c', 'd', 'e'], ['gone']]);
  assert.deepEqual([names(inStep), inStep!.removed], [['a', 'b', 'c', 'd', 'e'], []]);
  // Neither can be taken for the other's.
  assert.deepEqual([behind!.key, inStep!.key], [undefined, undefined]);
});
