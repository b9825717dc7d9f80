import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { make } from '../../test/xds/running-proxy.ts';
import { CDS, EDS, RDS, resource } from '../../test/xds/sample.ts';
import { TypeSet } from './type-set.ts';

/** Clusters the node was sent on an earlier stream, which is lost; their version. */
function earlier(s: PureStream, ...names: string[]): string {
  const set = new TypeSet(CDS, make(CDS, ...names));
  const warmedBy = new Map([[EDS, new TypeSet(EDS, make(EDS, ...names))]]);
  s.clusters.remember(set.version, { set, kept: [], warmedBy });
  return set.version;
}

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

test('so they do where it brings nothing, but asks for endpoints: it has the clusters of those', () => {
  for (const protocol of ['sotw', 'delta'] as const) {
    const s = new PureStream(protocol).want(CDS, make(CDS, 'b')).want(EDS, make(EDS, 'b')).want(RDS, make(RDS, 'to=b'));
    earlier(s, 'a');
    for (const [type, name] of [
      [EDS, 'a'],
      [RDS, 'to'],
    ] as const)
      if (protocol === 'sotw') s.ask(type, [name]);
      else s.subscribe(type, [name]);
    assert.deepEqual(s.answers(), ['EDS a=1'], 'endpoints that are gone, by which a cluster of its may still warm');
    if (protocol === 'sotw') s.ask(CDS);
    else s.subscribe(CDS, [], [], { a: resource(CDS, 'a').version });
    assert.deepEqual(s.answers(), ['CDS b=1']);
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

test('of what was served on another stream, what was refused is not kept', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'new'), ['bad']).want(RDS, make(RDS, 'to=new'));
  s.ask(RDS, ['to']);
  s.bring(CDS, earlier(s, 'old', 'bad'));
  assert.deepEqual(s.answers(), ['CDS new=1 old=1']);
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
