import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { CDS, EDS, LDS, RDS, RTDS, resource } from '../../test/xds/sample.ts';
import { DeltaSubscription } from './delta.ts';
import { TypeSet } from './type-set.ts';
import { typeUrls } from './type-urls.ts';

const make = (typeUrl: string, ...names: string[]) =>
  names.map((name) => {
    const [plain, text] = name.split('=');
    return resource(typeUrl, plain!, text ?? '1');
  });
const version = (typeUrl: string, name: string, text = '1') => resource(typeUrl, name, text).version;

test('nothing is answered before the node has a goal', () => {
  const s = new PureStream('delta');
  s.subscribe(CDS, []);
  assert.deepEqual(s.answers(), []);
  s.want(CDS, make(CDS, 'a'));
  assert.deepEqual(s.answers(), ['CDS a=1']);
});

test('a wildcard that finds nothing gets one empty answer', () => {
  const s = new PureStream('delta').want(CDS, []);
  s.subscribe(CDS, []);
  assert.deepEqual(s.answers(), ['CDS']);
  s.ack(CDS);
  assert.deepEqual(s.answers(), []);
});

test('only what changed is sent, deletions as removals', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b', 'c'));
  s.subscribe(CDS, ['*']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1 c=1']);
  s.ack(CDS);
  s.want(CDS, make(CDS, 'a', 'b=2', 'd'));
  assert.deepEqual(s.answers(), ['CDS b=2 d=1 -c']);
});

test('a name that does not exist is reported once, and sent when it does', () => {
  const s = new PureStream('delta').want(RDS, make(RDS, 'a'));
  s.subscribe(RDS, ['a', 'later']);
  assert.deepEqual(s.answers(), ['RDS a=1 -later']);
  s.ack(RDS);
  s.want(RDS, make(RDS, 'a=2'));
  assert.deepEqual(s.answers(), ['RDS a=2']);
  s.ack(RDS);
  s.want(RDS, make(RDS, 'a=2', 'later'));
  assert.deepEqual(s.answers(), ['RDS later=1']);
});

test('a re-subscription is answered always', () => {
  const s = new PureStream('delta').want(EDS, make(EDS, 'a', 'b'));
  s.subscribe(EDS, ['a', 'b']);
  s.answers();
  s.ack(EDS);
  s.subscribe(EDS, ['a']);
  assert.deepEqual(s.answers(), ['EDS a=1']);
  s.ack(EDS);
  s.subscribe(EDS, [], ['a']);
  assert.deepEqual(s.answers(), []);
  s.subscribe(EDS, ['a']);
  assert.deepEqual(s.answers(), ['EDS a=1']);
});

test('subscriptions count while an answer is on its way, and with a stale nonce', () => {
  const s = new PureStream('delta').want(EDS, make(EDS, 'a', 'b', 'c'));
  s.subscribe(EDS, ['a']);
  s.answers();
  s.subscribe(EDS, ['b']);
  assert.deepEqual(s.answers(), ['EDS b=1']);
  const verdict = s.state.onDelta(EDS, {
    subscribe: ['c'],
    unsubscribe: ['a'],
    initialVersions: new Map(),
    nonce: 'unknown',
    error: undefined,
  });
  assert.equal(verdict.kind, 'stale');
  assert.deepEqual(s.answers(), ['EDS c=1']);
  assert.deepEqual([...s.state.subscription(EDS)!.interest.names], ['b', 'c']);
});

test('a change waits for the acknowledgements, and the newest one is sent', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a'));
  s.subscribe(CDS, []);
  s.answers();
  for (const text of ['2', '3']) {
    s.want(CDS, make(CDS, `a=${text}`));
    assert.deepEqual(s.answers(), []);
  }
  s.ack(CDS);
  assert.deepEqual(s.answers(), ['CDS a=3']);
});

test('answers on their way are bounded, however often a silent client asks', () => {
  const s = new PureStream('delta').want(EDS, make(EDS, 'a'));
  let answers = 0;
  for (let i = 0; i < 100; i++) {
    s.subscribe(EDS, ['a']);
    answers += s.answers().length;
  }
  assert.equal(answers, 8);
});

test('unsubscribing a name under the wildcard brings the resource, or its removal', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b'));
  s.subscribe(CDS, ['*', 'a', 'missing']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1 -missing']);
  s.ack(CDS);
  s.subscribe(CDS, [], ['a']);
  assert.deepEqual(s.answers(), ['CDS a=1']);
  s.ack(CDS);
  s.subscribe(CDS, [], ['missing']);
  assert.deepEqual(s.answers(), ['CDS -missing']);
  s.ack(CDS);
  s.subscribe(CDS, [], ['a', 'never']);
  assert.deepEqual(s.answers(), [], 'the unknown is ignored');
});

test('leaving the wildcard keeps what is asked for by name; coming back brings everything', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b'));
  s.subscribe(CDS, []);
  s.answers();
  s.ack(CDS);
  s.subscribe(CDS, ['a']);
  assert.deepEqual(s.answers(), ['CDS a=1']);
  s.ack(CDS);
  s.subscribe(CDS, [], ['*']);
  s.want(CDS, make(CDS, 'a', 'b=2'));
  assert.deepEqual(s.answers(), []);
  s.subscribe(CDS, ['*']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=2']);
});

test('a stream that resumes gets what differs from what it kept', async (t) => {
  const table: [string, string[], Record<string, string>, string[]][] = [
    ['all as it was', ['*'], { a: version(CDS, 'a'), b: version(CDS, 'b') }, []],
    ['one changed, one new, one gone', ['*'], { a: 'old', gone: 'x' }, ['CDS a=1 b=1 -gone']],
    ['names that it kept are not sent again', ['a', 'b'], { a: version(CDS, 'a') }, ['CDS b=1']],
    ['a name gone meanwhile', ['a', 'gone'], { a: version(CDS, 'a'), gone: 'x' }, ['CDS -gone']],
    ['the legacy wildcard resumes as well', [], { a: version(CDS, 'a') }, ['CDS b=1']],
  ];
  for (const [name, subscribe, initial, expected] of table)
    await t.test(name, () => {
      const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b'));
      s.subscribe(CDS, subscribe, [], initial);
      assert.deepEqual(s.answers(), expected);
      if (expected.length > 0) s.ack(CDS);
      assert.deepEqual(s.answers(), []);
      s.want(CDS, make(CDS, 'a=2', 'b'));
      assert.deepEqual(s.answers(), ['CDS a=2'], 'and goes on like any other');
    });
});

test('initial versions count on the first request of a type only', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a'));
  s.subscribe(CDS, []);
  s.answers();
  s.ack(CDS);
  s.subscribe(CDS, [], [], { a: 'nonsense' });
  assert.deepEqual(s.answers(), []);
});

test('a refusal makes its names unknown, so that the way back is sent in full', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b'));
  s.subscribe(CDS, []);
  s.answers();
  s.ack(CDS);
  s.want(CDS, make(CDS, 'a=2', 'b', 'c'));
  assert.deepEqual(s.answers(), ['CDS a=2 c=1']);
  assert.equal(s.ack(CDS, 'no'), 'nack');
  s.want(CDS, make(CDS, 'a', 'b'), ['c']);
  assert.deepEqual(s.answers(), ['CDS a=1'], 'c is frozen: neither sent nor removed');
  s.ack(CDS);
  assert.deepEqual(s.answers(), []);
  s.want(CDS, make(CDS, 'a', 'b'));
  assert.deepEqual(s.answers(), ['CDS -c'], 'nobody knows whether it is there');
});

test('removals wait until listeners and routes let go', () => {
  const s = new PureStream('delta')
    .want(CDS, make(CDS, 'old'))
    .want(LDS, make(LDS, 'in'))
    .want(RDS, make(RDS, 'to=old'));
  s.subscribe(CDS, []);
  assert.deepEqual(s.answers(), ['CDS old=1']);
  s.ack(CDS);
  s.subscribe(LDS, []);
  assert.deepEqual(s.answers(), ['LDS in=1']);
  s.ack(LDS);
  s.subscribe(RDS, ['to']);
  assert.deepEqual(s.answers(), ['RDS to=old']);
  s.ack(RDS);
  s.want(CDS, make(CDS, 'new')).want(RDS, make(RDS, 'to=new'));
  assert.deepEqual(s.answers(), ['CDS new=1']);
  s.ack(CDS);
  assert.deepEqual(s.answers(), ['RDS to=new']);
  s.ack(RDS);
  assert.deepEqual(s.answers(), ['CDS -old']);
  s.ack(CDS);
  assert.deepEqual(s.answers(), []);
  assert.equal(s.synced.get(CDS), s.goal(CDS)!.set);
});

test('heartbeats have the version and go on', () => {
  const s = new PureStream('delta', { ttl: true }).want(RTDS, [
    resource(RTDS, 'layer', '1', { ttlMs: 3000 }),
    resource(RTDS, 'other'),
  ]);
  s.subscribe(RTDS, ['layer', 'other']);
  s.answers();
  s.ack(RTDS);
  assert.deepEqual(s.answers(), []);
  for (let i = 0; i < 3; i++) {
    s.now += 1500;
    assert.deepEqual(s.answers(), ['RTDS~ layer=1']);
    s.now += 10_000;
    assert.deepEqual(s.answers(), [], 'one at a time');
    s.ack(RTDS);
    s.answers();
    s.ack(RTDS);
  }
  s.want(RTDS, make(RTDS, 'other'));
  assert.deepEqual(s.answers(), ['RTDS -layer']);
  s.ack(RTDS);
  s.answers();
  assert.equal(s.state.wakeAt(s), undefined);
});

test('changes of others, however often they come, do not keep a time to live from being refreshed', () => {
  const fault = resource(RTDS, 'fault', '1', { ttlMs: 3000 });
  const s = new PureStream('delta', { ttl: true }).want(RTDS, [fault, resource(RTDS, 'tuning')]);
  s.subscribe(RTDS, ['fault', 'tuning']);
  s.answers();
  const refreshed = [s.now];
  for (let i = 2; i < 20; i++) {
    s.want(RTDS, [fault, resource(RTDS, 'tuning', String(i))]);
    s.now += 500;
    s.ack(RTDS);
    for (const answer of s.answers()) if (answer === 'RTDS~ fault=1') refreshed.push(s.now);
  }
  assert.ok(refreshed.length > 4);
  refreshed.slice(1).forEach((at, i) => {
    assert.ok(at - refreshed[i]! <= 2000, `${at - refreshed[i]!} ms`);
  });
});

test('a stream that resumes has times to live refreshed at once: nobody has done so meanwhile', () => {
  const layers = [resource(RTDS, 'fault', '1', { ttlMs: 3000 }), resource(RTDS, 'tuning')];
  const before = new PureStream('delta', { ttl: true }).want(RTDS, layers);
  before.subscribe(RTDS, ['fault', 'tuning']);
  before.answers();
  const versions = Object.fromEntries(before.last.get(RTDS)!.resources.map((r) => [r.name, r.version]));
  const after = new PureStream('delta', { ttl: true }).want(RTDS, layers);
  after.subscribe(RTDS, ['fault', 'tuning'], [], versions);
  assert.deepEqual(after.answers(), ['RTDS~ fault=1']);
  after.ack(RTDS);
  after.now += 1500;
  assert.deepEqual(after.answers(), ['RTDS~ fault=1']);
  const plain = new PureStream('delta').want(RTDS, layers);
  plain.subscribe(RTDS, ['fault', 'tuning'], [], versions);
  assert.deepEqual(plain.answers(), []);
});

test('a time to live given, changed or taken away is told, though the body is the same', () => {
  const layer = (ttlMs?: number) => [resource(RTDS, 'layer', '1', ttlMs === undefined ? {} : { ttlMs })];
  const s = new PureStream('delta', { ttl: true }).want(RTDS, layer());
  s.subscribe(RTDS, ['layer']);
  s.answers();
  for (const ttlMs of [3000, 1000, undefined]) {
    s.ack(RTDS);
    s.want(RTDS, layer(ttlMs));
    assert.deepEqual(s.answers(), ['RTDS layer=1']);
    assert.equal(s.last.get(RTDS)!.resources[0]!.ttlMs, ttlMs);
  }
  s.ack(RTDS);
  s.answers();
  assert.equal(s.state.wakeAt(s), undefined);
});

test('coming back to the wildcard: what went while only a name was asked for is not believed to be there', () => {
  const s = new PureStream('delta').want(EDS, make(EDS, 'd')).want(RDS, []);
  s.subscribe(EDS, ['x']);
  assert.deepEqual(s.answers(), ['EDS -x']);
  s.ack(EDS);
  // Something that holds removals back.
  s.subscribe(RDS, []);
  assert.deepEqual(s.answers(), ['RDS']);
  s.want(EDS, []);
  s.subscribe(EDS, ['*'], ['x']);
  s.answers();
  s.ack(EDS);
  s.want(EDS, make(EDS, 'd'));
  assert.deepEqual(s.answers(), ['EDS d=1']);
});

test('routes by wildcard while their listener is open are sent once', () => {
  const s = new PureStream('delta').want(LDS, make(LDS, 'in')).want(RDS, make(RDS, 'to'));
  s.subscribe(LDS, []);
  assert.deepEqual(s.answers(), ['LDS in=1']);
  s.subscribe(RDS, ['*']);
  assert.deepEqual(s.answers(), ['RDS to=1']);
  s.ack(RDS);
  assert.deepEqual(s.answers(), []);
});

test('a removal that was refused is said again with whatever is sent next', () => {
  const s = new PureStream('delta').want(CDS, make(CDS, 'a', 'b'));
  s.subscribe(CDS, []);
  s.answers();
  s.ack(CDS);
  s.want(CDS, make(CDS, 'a'));
  assert.deepEqual(s.answers(), ['CDS -b']);
  assert.equal(s.ack(CDS, 'in use'), 'nack');
  s.want(CDS, make(CDS, 'a=2'));
  assert.deepEqual(s.answers(), ['CDS a=2 -b']);
});

test('a virtual host that was never there is told apart from one that went', () => {
  const none = { holdRemovals: false, freshOnly: false };
  const vhds = new DeltaSubscription(typeUrls.VHDS, { ttl: false, patienceMs: 5000 });
  const ask = (subscribe: string[], nonce = '') =>
    vhds.onRequest({ subscribe, unsubscribe: [], initialVersions: new Map(), nonce, error: undefined });
  const send = (revision: number, ...names: string[]) => {
    const set = new TypeSet(
      typeUrls.VHDS,
      names.map((name) => resource(typeUrls.VHDS, name)),
    );
    const goal = { set, frozen: new Set<string>(), revision };
    const plan = vhds.plan(goal, none);
    return plan && vhds.commit(goal, plan, none, 1000);
  };
  ask(['r/a', 'r/nowhere']);
  const first = send(1, 'r/a')!;
  assert.deepEqual([first.removed, [...first.missing!]], [['r/nowhere'], ['r/nowhere']]);
  ask([], first.nonce);
  assert.equal(send(1, 'r/a'), undefined);
  const second = send(2)!;
  assert.deepEqual([second.removed, second.missing], [['r/a'], undefined]);
});
