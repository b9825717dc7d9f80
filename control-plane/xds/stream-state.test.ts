import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { CDS, ECDS, EDS, LDS, RDS, RTDS, resource, SDS } from '../../test/xds/sample.ts';
import { TypeSet } from './type-set.ts';

const make = (typeUrl: string, ...names: string[]) =>
  names.map((name) => {
    const [plain, text] = name.split('=');
    return resource(typeUrl, plain!, text ?? '1');
  });

/** A proxy in step with clusters, endpoints, a listener and routes to `old`. */
function running(): PureStream {
  const s = new PureStream('sotw')
    .want(CDS, make(CDS, 'old'))
    .want(EDS, make(EDS, 'old'))
    .want(LDS, make(LDS, 'in'))
    .want(RDS, make(RDS, 'to=old'));
  s.ask(CDS);
  s.answers();
  s.ask(EDS, ['old']);
  s.answers();
  s.ask(EDS, ['old']);
  s.ask(CDS);
  s.ask(LDS);
  s.answers();
  s.ask(LDS);
  s.ask(RDS, ['to']);
  s.answers();
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), []);
  return s;
}

test('one update of everything: clusters, endpoints, listeners, routes, then removals', () => {
  const s = running();
  s.want(CDS, make(CDS, 'new')).want(EDS, make(EDS, 'new')).want(LDS, make(LDS, 'in=2')).want(RDS, make(RDS, 'to=new'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
  assert.match(s.last.get(CDS)!.version, /~/, 'what is neither the old version nor the new has its own');
  // Envoy asks for the new cluster's endpoints before it acknowledges the clusters.
  s.ask(EDS, ['old', 'new']);
  assert.deepEqual(s.answers(), ['EDS new=1']);
  s.ask(EDS, ['old', 'new']);
  assert.deepEqual(s.answers(), [], 'listeners wait for the clusters to be acknowledged');
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['LDS in=2']);
  s.ask(LDS);
  assert.deepEqual(s.answers(), ['RDS to=new']);
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), ['CDS new=1']);
  s.ask(CDS);
  s.ask(EDS, ['new']);
  assert.deepEqual(s.answers(), []);
  for (const type of [CDS, EDS, LDS, RDS]) assert.equal(s.synced.get(type), s.goal(type)!.set);
});

/** Clusters the node was sent on an earlier stream, which is lost; their version. */
function earlier(s: PureStream, ...names: string[]): string {
  const set = new TypeSet(CDS, make(CDS, ...names));
  const warmedBy = new Map([[EDS, new TypeSet(EDS, make(EDS, ...names))]]);
  s.clusters.remember(set.version, { set, kept: [], warmedBy });
  return set.version;
}

test('on a new stream everything is asked for at once and still comes in order', () => {
  const s = new PureStream('sotw')
    .want(CDS, make(CDS, 'a'))
    .want(EDS, make(EDS, 'a'))
    .want(LDS, make(LDS, 'in'))
    .want(RDS, make(RDS, 'to'));
  s.ask(RDS, ['to']);
  s.ask(LDS);
  s.ask(EDS, ['a']);
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['CDS a=1', 'EDS a=1']);
  s.ask(EDS, ['a']);
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['LDS in=1', 'RDS to=1'], 'routes a new listener waits for are not held up by it');
});

test('clusters the proxy may still use are not taken away on a new stream before its routes have changed', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'new')).want(RDS, make(RDS, 'to=new'));
  s.ask(RDS, ['to']);
  s.bring(CDS, earlier(s, 'old'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['RDS to=new']);
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), ['CDS new=1']);
});

test('nor when it asks for clusters first, as Envoy does: what uses them is waited for', () => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const stream = () => {
      const s = new PureStream(protocol).want(CDS, make(CDS, 'new')).want(RDS, make(RDS, 'to=new'));
      const old = { old: resource(CDS, 'old').version };
      if (protocol === 'sotw') s.bring(CDS, earlier(s, 'old'));
      else s.subscribe(CDS, [], [], old);
      assert.deepEqual(s.answers(), [protocol === 'sotw' ? 'CDS new=1 old=1' : 'CDS new=1']);
      return s;
    };
    const acknowledge = (s: PureStream, typeUrl: string, names: string[] = []) =>
      protocol === 'sotw' ? s.ask(typeUrl, names) : s.ack(typeUrl);
    const gone = protocol === 'sotw' ? 'CDS new=1' : 'CDS -old';
    const s = stream();
    if (protocol === 'sotw') s.ask(RDS, ['to']);
    else s.subscribe(RDS, ['to'], [], { to: resource(RDS, 'to', 'old').version });
    acknowledge(s, CDS);
    assert.deepEqual(s.answers(), ['RDS to=new']);
    acknowledge(s, RDS, ['to']);
    assert.deepEqual(s.answers(), [gone]);
    // One that never asks for routes does not wait for ever.
    const patient = stream();
    acknowledge(patient, CDS);
    assert.deepEqual(patient.answers(), []);
    assert.equal(patient.state.wakeAt(patient, patient.now), patient.now + 1000);
    patient.now += 1000;
    assert.deepEqual(patient.answers(), [gone]);
  }
});

test('a client holds what it says that it applied last, be it acknowledged or not, with what was kept in it', () => {
  const before = new PureStream('sotw').want(CDS, make(CDS, 'a')).want(RDS, make(RDS, 'to=a'));
  before.ask(CDS);
  before.answers();
  before.ask(CDS);
  before.ask(RDS, ['to']);
  before.answers();
  before.ask(RDS, ['to']);
  before.want(CDS, make(CDS, 'b')).want(RDS, make(RDS, 'to=b'));
  assert.deepEqual(before.answers(), ['CDS a=1 b=1']);
  const applied = before.last.get(CDS)!.version;
  before.now += 5000;
  before.want(CDS, make(CDS, 'c')).want(RDS, make(RDS, 'to=c'));
  assert.equal(before.answers()[0], 'CDS a=1 b=1 c=1');

  const comesWith = (version: string) => {
    const s = new PureStream('sotw', { clusters: before.clusters });
    s.want(CDS, make(CDS, 'd')).want(RDS, make(RDS, 'to=d'));
    s.bring(CDS, version);
    return s.answers();
  };
  assert.deepEqual(comesWith(applied), ['CDS a=1 b=1 d=1'], 'the last answer was lost with the stream');
  assert.deepEqual(comesWith(before.last.get(CDS)!.version), ['CDS a=1 b=1 c=1 d=1'], 'it was not');
  assert.deepEqual(comesWith(''), ['CDS d=1'], 'a proxy that starts has nothing to lose');
});

test('kept clusters stay though the answer with them is refused on a new stream', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'bad')).want(RDS, make(RDS, 'to=bad'));
  s.bring(CDS, earlier(s, 'old'));
  assert.deepEqual(s.answers(), ['CDS bad=1 old=1']);
  s.ask(CDS, [], undefined, 'bad: no');
  s.want(CDS, make(CDS, 'good'));
  assert.deepEqual(s.answers(), ['CDS good=1 old=1']);
});

test('while a client that comes back is warming and cannot ask for clusters, listeners and routes wait for it', () => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const come = () => {
      const s = new PureStream(protocol);
      s.want(CDS, make(CDS, 'a', 'b'))
        .want(EDS, make(EDS, 'a', 'b'))
        .want(RDS, make(RDS, 'to=b'));
      const held = (type: string, name: string, text?: string) => ({ [name]: resource(type, name, text).version });
      if (protocol === 'sotw') {
        s.bring(EDS, 'before', ['a']);
        s.bring(RDS, 'before', ['to']);
      } else {
        s.subscribe(EDS, ['a'], [], held(EDS, 'a'));
        s.subscribe(RDS, ['to'], [], held(RDS, 'to', 'a'));
      }
      assert.deepEqual(s.answers(), ['EDS a=1'], 'it waits for endpoints, whether or not it has them');
      return s;
    };
    const s = come();
    if (protocol === 'sotw') s.bring(CDS, earlier(s, 'a'));
    else s.subscribe(CDS, [], [], { a: resource(CDS, 'a').version });
    assert.deepEqual(s.answers(), [protocol === 'sotw' ? 'CDS a=1 b=1' : 'CDS b=1']);
    // Not for ever.
    const patient = come();
    assert.equal(patient.state.wakeAt(patient, patient.now), patient.now + 5000);
    patient.now += 5000;
    assert.deepEqual(patient.answers(), ['RDS to=b']);
  }
});

test('routes on a stream of their own do not wait for clusters, nor do those of a proxy that starts', () => {
  for (const [aggregated, version] of [
    [false, 'before'],
    [true, ''],
  ] as const) {
    const s = new PureStream('sotw', { aggregated }).want(CDS, make(CDS, 'a')).want(RDS, make(RDS, 'to=a'));
    s.bring(RDS, version, ['to']);
    assert.deepEqual(s.answers(), ['RDS to=a']);
  }
});

test('a cluster that goes while it warms gets its endpoints and its secrets still', () => {
  for (const protocol of ['sotw', 'delta'] as const)
    for (const type of [EDS, SDS]) {
      const s = new PureStream(protocol).want(CDS, make(CDS, 'a')).want(type, make(type, 'a'));
      if (protocol === 'sotw') s.ask(CDS);
      else s.subscribe(CDS, []);
      assert.deepEqual(s.answers(), ['CDS a=1']);
      s.want(CDS, []).want(type, []);
      assert.deepEqual(s.answers(), [], 'the answer before is not acknowledged');
      if (protocol === 'sotw') s.ask(type, ['a']);
      else s.subscribe(type, ['a']);
      assert.match(s.answers().join(), /DS a=1$/);
      if (protocol === 'sotw') s.ask(CDS);
      else s.ack(CDS);
      assert.deepEqual(s.answers(), [protocol === 'sotw' ? 'CDS' : 'CDS -a']);
      if (protocol === 'sotw') s.ask(CDS);
      else s.ack(CDS);
      s.answers();
      // Nobody waits any more: what does not exist is not there.
      if (protocol === 'sotw') s.ask(type, ['a', 'b']);
      else s.ack(type);
      assert.deepEqual(s.answers(), protocol === 'sotw' ? [] : [type === EDS ? 'EDS -a' : 'SDS -a']);
    }
});

test('patience that has run out does not hide what is due later', () => {
  const s = new PureStream('delta', { ttl: true })
    .want(CDS, make(CDS, 'a'))
    .want(RTDS, [resource(RTDS, 'layer', '1', { ttlMs: 20_000 })]);
  s.subscribe(CDS, []);
  s.subscribe(RTDS, ['layer']);
  s.answers();
  s.ack(RTDS);
  s.now += 6000;
  assert.deepEqual(s.answers(), []);
  assert.equal(s.state.wakeAt(s, s.now), s.now + 4000);
});

test('of what was served on another stream, what was refused is not kept', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'new'), ['bad']).want(RDS, make(RDS, 'to=new'));
  s.ask(RDS, ['to']);
  s.bring(CDS, earlier(s, 'old', 'bad'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
});

test('endpoints are sent again when their cluster has changed, without waiting for anything', () => {
  const s = running();
  s.want(CDS, make(CDS, 'old=2'));
  assert.deepEqual(s.answers(), ['CDS old=2', 'EDS old=1']);
});

test('endpoints that a resuming client has come again with a cluster that changed meanwhile, whichever it asks for first', () => {
  const versions = (typeUrl: string, name: string) => ({ [name]: resource(typeUrl, name).version });
  for (const [order, expected] of [
    [
      [CDS, EDS],
      ['CDS a=2', 'EDS a=1'],
    ],
    // As Envoy does when clusters were warming as the last stream broke: they wait for endpoints now.
    [
      [EDS, CDS],
      ['EDS a=1', 'CDS a=2', 'EDS a=1'],
    ],
  ] as const) {
    const s = new PureStream('delta').want(CDS, [resource(CDS, 'a', '2')]).want(EDS, [resource(EDS, 'a')]);
    const heard: string[] = [];
    for (const typeUrl of order) {
      s.subscribe(typeUrl, typeUrl === EDS ? ['a'] : [], [], versions(typeUrl, 'a'));
      heard.push(...s.answers());
    }
    assert.deepEqual(heard, expected);
  }
});

test('which endpoints a changed cluster uses is not always known: then all are sent', () => {
  const s = new PureStream('sotw')
    .want(CDS, make(CDS, 'cart', 'shop'))
    .want(EDS, make(EDS, 'cart-endpoints', 'shop-endpoints'));
  s.ask(CDS);
  s.answers();
  s.ask(EDS, ['cart-endpoints', 'shop-endpoints']);
  s.answers();
  s.ask(EDS, ['cart-endpoints', 'shop-endpoints']);
  s.ask(CDS);
  s.want(CDS, make(CDS, 'cart=2', 'shop'));
  assert.deepEqual(s.answers(), ['CDS cart=2 shop=1', 'EDS cart-endpoints=1 shop-endpoints=1']);
});

test('a cluster more does not send all endpoints again, only its own when asked for', () => {
  const s = running();
  s.want(CDS, make(CDS, 'old', 'more')).want(EDS, make(EDS, 'old', 'more'));
  assert.deepEqual(s.answers(), ['CDS more=1 old=1']);
  s.ask(EDS, ['old', 'more']);
  assert.deepEqual(s.answers(), ['EDS more=1']);
});

test('endpoint changes do not wait for clusters that are slow to warm', () => {
  const s = running();
  s.want(CDS, make(CDS, 'old', 'slow')).want(EDS, make(EDS, 'old', 'slow'));
  assert.deepEqual(s.answers(), ['CDS old=1 slow=1']);
  s.want(EDS, make(EDS, 'old=2', 'slow'));
  assert.deepEqual(s.answers(), ['EDS old=2']);
});

test('routes do not wait for ever for clusters that never warm', () => {
  const s = running();
  s.want(EDS, make(EDS, 'old', 'stuck'))
    .want(CDS, make(CDS, 'old', 'stuck'))
    .want(RDS, make(RDS, 'to=other'));
  assert.deepEqual(s.answers(), ['CDS old=1 stuck=1']);
  s.now += 4999;
  assert.deepEqual(s.answers(), []);
  s.now += 1;
  assert.deepEqual(s.answers(), ['RDS to=other']);
});

test('removals wait for ever: nothing is taken from under a route that is still in use', () => {
  const s = running();
  s.want(EDS, make(EDS, 'new')).want(CDS, make(CDS, 'new')).want(RDS, make(RDS, 'to=new'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['RDS to=new']);
  s.now += 1_000_000;
  assert.deepEqual(s.answers(), []);
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), ['CDS new=1']);
});

test('what the client went back to keeps its clusters: nothing is taken away while a refusal stands', () => {
  const s = running();
  s.want(CDS, make(CDS, 'new')).want(EDS, make(EDS, 'new')).want(RDS, make(RDS, 'to=new'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
  s.ask(EDS, ['old', 'new']);
  s.answers();
  s.ask(EDS, ['old', 'new']);
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['RDS to=new']);
  s.ask(RDS, ['to'], undefined, 'no');
  s.want(RDS, make(RDS, 'to=old'));
  s.trouble.add(RDS);
  assert.deepEqual(s.answers(), ['RDS to=old']);
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), [], 'the routes lead to the old cluster again');
  s.want(RDS, make(RDS, 'to=newer'));
  s.trouble.clear();
  assert.deepEqual(s.answers(), ['RDS to=newer']);
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), ['CDS new=1']);
});

test('the configuration of a filter goes when its listener has let go of it', () => {
  const s = new PureStream('delta').want(LDS, make(LDS, 'in')).want(ECDS, make(ECDS, 'filter'));
  s.subscribe(LDS, []);
  s.subscribe(ECDS, ['filter']);
  assert.deepEqual(s.answers(), ['LDS in=1', 'ECDS filter=1']);
  s.ack(LDS);
  s.ack(ECDS);
  s.want(LDS, make(LDS, 'in=2')).want(ECDS, []);
  assert.deepEqual(s.answers(), ['LDS in=2']);
  s.ack(LDS);
  assert.deepEqual(s.answers(), ['ECDS -filter']);
});

test('other types are independent', () => {
  const s = running();
  s.want(ECDS, make(ECDS, 'filter')).want(RTDS, make(RTDS, 'layer'));
  s.ask(ECDS, ['filter']);
  s.ask(RTDS, ['layer']);
  assert.deepEqual(s.answers(), ['ECDS filter=1', 'RTDS layer=1']);
  s.ask(ECDS, ['filter']);
  s.ask(RTDS, ['layer']);
  s.want(EDS, make(EDS, 'old', 'slow'))
    .want(CDS, make(CDS, 'old', 'slow'))
    .want(RTDS, make(RTDS, 'layer=2'))
    .want(ECDS, make(ECDS, 'filter=2'));
  assert.deepEqual(s.answers(), ['CDS old=1 slow=1', 'ECDS filter=2', 'RTDS layer=2']);
});

test('a set is known as accepted only when all of it that the client asks for is acknowledged', () => {
  const s = running();
  const { set } = s.want(RDS, make(RDS, 'to=2')).goal(RDS)!;
  s.answers();
  assert.notEqual(s.synced.get(RDS), set);
  s.ask(RDS, ['to']);
  s.answers();
  assert.equal(s.synced.get(RDS), set);
});

test('what was refused is not kept while removals wait', () => {
  const s = running();
  s.want(CDS, make(CDS, 'old', 'bad'));
  s.answers();
  s.want(CDS, make(CDS, 'other')).want(LDS, make(LDS, 'in=2'));
  assert.equal(s.ask(CDS, [], undefined, 'bad: no'), 'nack');
  const [answer] = s.answers();
  assert.equal(answer, 'CDS old=1 other=1', 'the accepted one is kept, though it was in the refused answer');
});

test('a name that is frozen and asked for is not answered over and over', () => {
  const s = new PureStream('sotw').want(LDS, [], ['a']);
  s.ask(LDS, ['a']);
  assert.deepEqual(s.answers(), ['LDS']);
  s.ask(LDS, ['a']);
  assert.deepEqual(s.answers(), []);
});
