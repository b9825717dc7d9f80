import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, LDS, RDS, RTDS, resource } from '../../test/xds/sample.ts';
import type { Sent } from './answers.ts';
import { NodeRecord } from './node.ts';
import type { Resource } from './resource.ts';
import { isFullState } from './type-urls.ts';

const never = () => false;
const names = (node: NodeRecord, typeUrl: string) =>
  [...(node.goal(typeUrl)?.set.resources.values() ?? [])].map((r) => Buffer.from(r.body).toString()).sort();

function sent(node: NodeRecord, typeUrl: string, resources?: readonly Resource[]): Sent {
  const { set, revision } = node.goal(typeUrl)!;
  return {
    nonce: 'n',
    version: set.version,
    set,
    revision,
    resources: resources ?? [...set.resources.values()],
    whole: isFullState(typeUrl),
    removed: [],
    heartbeat: false,
    at: 0,
  };
}

/** A node whose proxy accepted clusters a and b, listener in and routes to a. */
function running(): NodeRecord {
  const node = new NodeRecord('cart');
  node.bind('shadow');
  node.ask([resource(CDS, 'a'), resource(CDS, 'b'), resource(LDS, 'in'), resource(RDS, 'to', 'a')], never);
  for (const typeUrl of [CDS, LDS, RDS]) node.onSynced(typeUrl, node.goal(typeUrl)!.set);
  return node;
}

test('there is no goal before a set was asked for, then there is one for every type', () => {
  const node = new NodeRecord('cart');
  assert.equal(node.goal(CDS), undefined);
  assert.equal(node.ask([], never), 1);
  assert.equal(node.goal(CDS)!.set.resources.size, 0);
});

test('the revision grows only with a change, and says what changed', () => {
  const node = running();
  assert.equal(node.revision, 1);
  const same = [resource(RDS, 'to', 'a'), resource(LDS, 'in'), resource(CDS, 'b'), resource(CDS, 'a')];
  assert.equal(node.ask(same, never), 1);
  assert.equal(node.ask([...same.slice(0, 3), resource(CDS, 'a', '2'), resource(RTDS, 'layer')], never), 2);
  assert.deepEqual(
    [...node.needs(2)].map(([typeUrl, need]) => [typeUrl, need.revision, [...need.names]]),
    [
      [CDS, 2, ['a']],
      [RTDS, 2, ['layer']],
    ],
  );
  assert.equal(node.ask([], never), 3);
  assert.deepEqual([...node.needs(3).get(CDS)!.names].sort(), ['a', 'b']);
});

test('what is still open is carried into the next revision', () => {
  const node = running();
  node.ask([resource(CDS, 'a', '2'), resource(CDS, 'b'), resource(LDS, 'in')], never);
  const third = node.ask([resource(CDS, 'a', '2'), resource(CDS, 'b'), resource(LDS, 'in', '3')], (t) => t === CDS);
  assert.deepEqual(
    [...node.needs(third)].map(([typeUrl, need]) => [typeUrl, need.revision]),
    [
      [LDS, 3],
      [CDS, 2],
    ],
  );
});

test('what a revision needs is remembered for a while; of one too long ago, what the newest needs', () => {
  const node = new NodeRecord('cart');
  for (let i = 1; i <= 200; i++) assert.equal(node.ask([resource(i % 2 ? CDS : LDS, `${i}`)], never), i);
  const needed = (revision: number) => [...node.needs(revision)].map(([type, n]) => [type, n.revision, [...n.names]]);
  assert.deepEqual(needed(150), [
    [CDS, 150, ['149']],
    [LDS, 150, ['150']],
  ]);
  const newest = [
    [CDS, 200, ['199']],
    [LDS, 200, ['200']],
  ];
  for (const revision of [200, 10, 201]) assert.deepEqual(needed(revision), newest);
});

test('a refused change goes back to the last good version of that resource; others go on', () => {
  const node = running();
  node.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b', '2')], never);
  const nack = node.onNack(CDS, sent(node, CDS), 'Error adding/updating cluster(s) a: no', 5);
  assert.deepEqual(nack, { detail: 'Error adding/updating cluster(s) a: no', at: 5, names: ['a'] });
  assert.deepEqual(names(node, CDS), ['a=1', 'b=2']);
  assert.deepEqual([...node.problems(CDS).keys()], ['a']);
  node.onSynced(CDS, node.goal(CDS)!.set);
  node.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b', '3')], never);
  assert.deepEqual(names(node, CDS), ['a=1', 'b=3'], 'what was refused is not sent again');
  node.ask([resource(CDS, 'a', 'mended'), resource(CDS, 'b', '3')], never);
  assert.deepEqual(names(node, CDS), ['a=mended', 'b=3']);
  assert.equal(node.problems(CDS).size, 0);
});

test('a name is not found in other words and names', () => {
  for (const [detail, suspects] of [
    ['Error adding/updating cluster(s) b: bad, alas', ['b']],
    ["Proto constraint validation failed (field: 'b.c'): a, then.", ['a']],
    ['b-2 and b|x and x/b and b.c', ['a', 'b']],
    ['only b.', ['b']],
    ['(a) [b]', ['a', 'b']],
  ] as const) {
    const node = running();
    node.ask([resource(CDS, 'a', '2'), resource(CDS, 'b', '2')], never);
    assert.deepEqual(node.onNack(CDS, sent(node, CDS), detail, 0).names, suspects, detail);
  }
});

test('where nobody is named all that changed is suspect', () => {
  const node = running();
  node.ask([resource(CDS, 'a', '2'), resource(CDS, 'b', '2'), resource(CDS, 'c')], never);
  assert.deepEqual(node.onNack(CDS, sent(node, CDS), 'no', 0).names, ['a', 'b', 'c']);
  assert.deepEqual(names(node, CDS), ['a=1', 'b=1']);
  assert.deepEqual([...node.goal(CDS)!.frozen], ['c']);
});

test('a refused way back is held: nothing more is sent until something else is asked for', () => {
  const node = running();
  node.ask([resource(CDS, 'a', '2'), resource(CDS, 'b')], never);
  node.onNack(CDS, sent(node, CDS), 'no', 0);
  assert.deepEqual(names(node, CDS), ['a=1', 'b=1']);
  node.onNack(CDS, sent(node, CDS), 'no again', 0);
  assert.equal(node.goal(CDS), undefined);
  assert.equal(node.problems(CDS).get('*'), 'no again');
  node.ask([resource(CDS, 'a', '3'), resource(CDS, 'b')], never);
  assert.deepEqual(names(node, CDS), ['a=3', 'b=1']);
});

test('a refusal of what was accepted before is not put down to what came with it', () => {
  const node = running();
  node.ask([resource(CDS, 'a'), resource(CDS, 'b'), resource(CDS, 'new')], never);
  assert.deepEqual(node.onNack(CDS, sent(node, CDS), 'cluster a: no', 0).names, []);
  assert.equal(node.goal(CDS), undefined);
  node.ask([resource(CDS, 'b'), resource(CDS, 'new')], never);
  assert.deepEqual(names(node, CDS), ['b=1', 'new=1']);
});

test('a first answer that is refused is never turned into fewer clusters: nobody knows what the proxy has', () => {
  const node = new NodeRecord('cart');
  node.ask([resource(CDS, 'a'), resource(CDS, 'bad')], never);
  node.onNack(CDS, sent(node, CDS), 'cluster bad: no', 0);
  assert.equal(node.goal(CDS), undefined);
  assert.deepEqual([...node.problems(CDS)], [['*', 'cluster bad: no']]);
});

test('another process may try it once more, unless there is a last good version', () => {
  const fresh = new NodeRecord('cart');
  fresh.ask([resource(LDS, 'in')], never);
  fresh.onNack(LDS, sent(fresh, LDS), 'cannot bind', 0);
  fresh.reconnected();
  assert.deepEqual(names(fresh, LDS), ['in=1']);
  const node = running();
  node.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b')], never);
  node.onNack(CDS, sent(node, CDS), 'a: no', 0);
  node.reconnected();
  assert.deepEqual(names(node, CDS), ['a=1', 'b=1']);
  node.retry();
  assert.deepEqual(names(node, CDS), ['a=bad', 'b=1']);
});

test('endpoints refused when first asked for are left alone, the others are served', () => {
  const node = new NodeRecord('cart');
  const [a, b] = [resource(EDS, 'a'), resource(EDS, 'b')];
  node.ask([a, b], never);
  node.onSynced(EDS, node.goal(EDS)!.set);
  node.onNack(EDS, sent(node, EDS, [b]), 'no', 0);
  assert.deepEqual(names(node, EDS), ['a=1']);
  assert.deepEqual([...node.goal(EDS)!.frozen], ['b']);
});

test('what was accepted while other answers were on their way is gone back to as well', () => {
  const node = new NodeRecord('cart');
  const first = [resource(EDS, 'a'), resource(EDS, 'b')];
  node.ask(first, never);
  const a = sent(node, EDS);
  const second = [resource(EDS, 'a', '2'), resource(EDS, 'b'), resource(EDS, 'c')];
  node.ask(second, never);
  node.onAccepted(EDS, a.resources);
  assert.deepEqual(node.onNack(EDS, sent(node, EDS), 'no', 0).names, ['a', 'c'], 'what was accepted is not suspect');
  assert.deepEqual(names(node, EDS), ['a=1', 'b=1']);
  assert.deepEqual([...node.goal(EDS)!.frozen], ['c']);
  node.ask([resource(EDS, 'b')], never);
  node.ask(second, never);
  assert.deepEqual(names(node, EDS), ['a=2', 'b=1', 'c=1']);
  node.onNack(EDS, sent(node, EDS), 'a: no', 0);
  assert.deepEqual([...node.goal(EDS)!.frozen], ['a'], 'of what went meanwhile nothing is remembered');
});

test('routes and listeners are withheld while a new cluster of theirs was refused', () => {
  const node = running();
  node.ask(
    [
      resource(CDS, 'a'),
      resource(CDS, 'b'),
      resource(CDS, 'new', 'bad'),
      resource(LDS, 'in'),
      resource(RDS, 'to', 'new'),
      resource(EDS, 'a', '2'),
    ],
    never,
  );
  assert.deepEqual(names(node, RDS), ['to=new']);
  node.onNack(CDS, sent(node, CDS), 'no', 0);
  assert.deepEqual(names(node, RDS), ['to=a']);
  assert.match(node.problems(RDS).get('*')!, /withheld.*new/);
  assert.equal(node.problems(LDS).size, 0, 'what did not change is not withheld');
  assert.deepEqual(names(node, EDS), ['a=2']);
  node.ask([resource(CDS, 'a'), resource(CDS, 'b'), resource(LDS, 'in'), resource(RDS, 'to', 'b')], never);
  assert.deepEqual(names(node, RDS), ['to=b']);
});

test('of types that clients make up nothing is kept', () => {
  const node = running();
  const made = 'type.googleapis.com/made.Up';
  node.onSynced(made, node.goal(made)!.set);
  node.onNack(made, sent(node, made), 'no', 1);
  assert.equal(node.nacks.size, 0);
  assert.equal(node.problems(made).size, 0);
});

test('a refused heartbeat takes nothing back', () => {
  const node = running();
  node.onNack(CDS, { ...sent(node, CDS), heartbeat: true }, 'no', 0);
  assert.deepEqual(names(node, CDS), ['a=1', 'b=1']);
});

test('production sees nothing that is for the shadow, and a change of wall voids what was learned', () => {
  const node = new NodeRecord('cart');
  node.ask([resource(RTDS, 'layer'), resource(RTDS, 'fault', '1', { scope: 'shadow' })], never);
  assert.deepEqual(names(node, RTDS), ['layer=1'], 'unknown counts as production');
  node.bind('shadow');
  assert.deepEqual(names(node, RTDS), ['fault=1', 'layer=1']);
  node.onNack(RTDS, sent(node, RTDS), 'layer: no', 0);
  assert.deepEqual(names(node, RTDS), ['fault=1']);
  node.bind('production');
  assert.deepEqual(names(node, RTDS), ['layer=1']);
});

test('a refused version that is asked for anew, after something else, is tried once more', () => {
  const node = running();
  node.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b')], never);
  node.onNack(CDS, sent(node, CDS), 'a: port in use', 0);
  assert.deepEqual(names(node, CDS), ['a=1', 'b=1']);
  node.ask([resource(CDS, 'a'), resource(CDS, 'b')], never);
  node.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b')], never);
  assert.deepEqual(names(node, CDS), ['a=bad', 'b=1']);
});
