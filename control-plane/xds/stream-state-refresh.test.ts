import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { CDS, LDS, RDS, RTDS, resource } from '../../test/xds/sample.ts';

const timed = (typeUrl: string, name: string, text = '1') => resource(typeUrl, name, text, { ttlMs: 6000 });

/** A proxy in step with clusters a, which has a time to live, and b, that was just sent another b and warms it. */
function warming(protocol: 'sotw' | 'delta'): PureStream {
  const s = new PureStream(protocol, { ttl: true, patienceMs: 5000 }).want(CDS, [timed(CDS, 'a'), resource(CDS, 'b')]);
  if (protocol === 'sotw') s.ask(CDS);
  else s.subscribe(CDS, []);
  s.answers();
  if (protocol === 'sotw') s.ask(CDS);
  else s.ack(CDS);
  assert.deepEqual(s.answers(), []);
  s.want(CDS, [timed(CDS, 'a'), resource(CDS, 'b', '2')]);
  assert.deepEqual(s.answers(), [protocol === 'sotw' ? 'CDS a=1 b=2' : 'CDS b=2']);
  return s;
}

/** The next answers, and how long it takes, ms, until they are due. */
function due(s: PureStream): [number, string[]] {
  const at = s.state.wakeAt(s, s.now)!;
  const inMs = at - s.now;
  s.now = at;
  return [inMs, s.answers()];
}

test('delta: refreshes do not wait for an answer whose clusters warm, and do not put off what is new', () => {
  const s = warming('delta');
  const { nonce, set } = s.last.get(CDS)!;
  assert.deepEqual(due(s), [3000, ['CDS~ a=1']]);
  s.want(CDS, [timed(CDS, 'a'), resource(CDS, 'b', '3')]);
  assert.deepEqual(s.answers(), []);
  assert.equal(s.ack(CDS, undefined, nonce), 'ack');
  assert.deepEqual(s.answers(), [], 'one is on its way still');
  assert.equal(s.last.get(CDS)!.set, set, 'it speaks of what the client was told');
  s.ack(CDS);
  assert.deepEqual(s.answers(), ['CDS b=3']);
  s.want(CDS, [timed(CDS, 'a'), resource(CDS, 'b', '4')]);
  assert.deepEqual(due(s), [3000, ['CDS~ a=1']]);
  assert.deepEqual(due(s), [2000, ['CDS b=4']], 'patience is over');
});

test('delta: of refreshes that are not acknowledged only the newest is waited for', () => {
  const s = warming('delta');
  const { nonce } = s.last.get(CDS)!;
  for (let i = 0; i < 20; i++) {
    s.now += 3000;
    assert.deepEqual(s.answers(), ['CDS~ a=1']);
  }
  const before = s.last.get(CDS)!.nonce;
  s.now += 3000;
  s.answers();
  s.ack(CDS, undefined, nonce);
  assert.equal(s.ack(CDS, undefined, before), 'stale');
  assert.equal(s.state.subscription(CDS)!.idle, false);
  s.now += 3000;
  assert.deepEqual(s.answers(), [], 'the client works on nothing and does not acknowledge');
  s.ack(CDS);
  assert.deepEqual(s.answers(), ['CDS~ a=1']);
});

test('delta: refreshed is the version that the client has, also when it is to have another, or is to go', () => {
  for (const wanted of [[timed(CDS, 'a', '2'), resource(CDS, 'b', '2')], [resource(CDS, 'b', '2')]]) {
    const s = warming('delta').want(CDS, wanted);
    assert.deepEqual(due(s), [3000, ['CDS~ a=1']]);
  }
});

test('state of the world: after patience an answer whose clusters warm is said again, whole, and judged by that', () => {
  for (const error of [undefined, 'b: no']) {
    const s = warming('sotw');
    const first = s.last.get(CDS)!;
    assert.deepEqual(due(s), [5000, ['CDS a=1 b=2']]);
    assert.deepEqual(due(s), [5000, ['CDS a=1 b=2']]);
    const last = s.last.get(CDS)!;
    assert.notEqual(last.nonce, first.nonce);
    assert.deepEqual([last.version, last.set, last.heartbeat], [first.version, first.set, false]);
    assert.equal(s.ask(CDS, [], first.nonce, error), 'stale');
    assert.equal(s.ask(CDS, [], last.nonce, error), error ? 'nack' : 'ack');
    if (error) continue;
    assert.deepEqual(s.answers(), []);
    assert.equal(s.synced.get(CDS), first.set);
    assert.deepEqual(due(s), [3000, ['CDS~ a=1 b=2']]);
  }
});

test('state of the world: what is new comes before it is said again, and routes wait no longer for that', () => {
  const s = warming('sotw').want(RDS, [resource(RDS, 'to')]);
  s.ask(RDS, ['to']);
  assert.deepEqual(due(s), [5000, ['CDS a=1 b=2', 'RDS to=1']]);
  s.want(CDS, [timed(CDS, 'a'), resource(CDS, 'b', '3')]);
  assert.deepEqual(s.answers(), ['CDS a=1 b=3']);
});

test('state of the world: a refresh of one layer does not overtake an answer of another, which might be refused', () => {
  const s = new PureStream('sotw', { ttl: true, patienceMs: 5000 }).want(RTDS, [timed(RTDS, 'a'), resource(RTDS, 'b')]);
  s.ask(RTDS, ['a', 'b']);
  s.answers();
  s.ask(RTDS, ['a', 'b']);
  s.want(RTDS, [timed(RTDS, 'a'), resource(RTDS, 'b', '2')]);
  assert.deepEqual(s.answers(), ['RTDS b=2']);
  s.now += 5500;
  assert.deepEqual(s.answers(), []);
  s.ask(RTDS, ['a', 'b']);
  assert.deepEqual(s.answers(), ['RTDS~ a=1']);
});

test('listeners and routes that wait for clusters are refreshed as the client has them', () => {
  for (const protocol of ['sotw', 'delta'] as const)
    for (const type of [LDS, RDS]) {
      const s = new PureStream(protocol, { ttl: true, patienceMs: 60_000 })
        .want(CDS, [resource(CDS, 'a')])
        .want(type, [timed(type, 't'), resource(type, 'u')]);
      const ask = (typeUrl: string, ...names: string[]) =>
        protocol === 'sotw' ? s.ask(typeUrl, names) : s.subscribe(typeUrl, names);
      const acknowledge = (typeUrl: string, ...names: string[]) =>
        protocol === 'sotw' ? s.ask(typeUrl, names) : s.ack(typeUrl);
      ask(CDS);
      s.answers();
      acknowledge(CDS);
      ask(type, 't', 'u');
      s.answers();
      acknowledge(type, 't', 'u');
      s.want(CDS, [resource(CDS, 'a', '2')]).want(type, [timed(type, 't', '2'), resource(type, 'u', '2')]);
      assert.deepEqual(s.answers(), ['CDS a=2']);
      const whole = protocol === 'sotw' && type === LDS;
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(due(s), [3000, [type === LDS ? `LDS~ t=1${whole ? ' u=1' : ''}` : 'RDS~ t=1']]);
        acknowledge(type, 't', 'u');
      }
    }
});
