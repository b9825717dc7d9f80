import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { make, running } from '../../test/xds/running-proxy.ts';
import { CDS, ECDS, EDS, LDS, RDS, RTDS, resource } from '../../test/xds/sample.ts';

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
