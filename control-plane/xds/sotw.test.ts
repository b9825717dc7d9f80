import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { CDS, ECDS, EDS, LDS, RDS, resource } from '../../test/xds/sample.ts';

const make = (typeUrl: string, ...names: string[]) =>
  names.map((name) => {
    const [plain, text] = name.split('=');
    return resource(typeUrl, plain!, text ?? '1');
  });

test('nothing is answered before the node has a goal, and the request is not forgotten', () => {
  const s = new PureStream('sotw');
  s.ask(CDS);
  assert.deepEqual(s.answers(), []);
  s.want(CDS, make(CDS, 'a'));
  assert.deepEqual(s.answers(), ['CDS a=1']);
});

test('a wildcard that finds nothing is told so: the client waits for its first answer', () => {
  for (const type of [CDS, LDS, ECDS]) {
    const s = new PureStream('sotw').want(type, []);
    s.ask(type);
    assert.equal(s.answers().length, 1);
    s.ask(type);
    assert.deepEqual(s.answers(), []);
  }
});

test('an answer only on change', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b'));
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1']);
  assert.equal(s.ask(CDS), 'ack');
  assert.deepEqual(s.answers(), []);
  assert.equal(s.ask(CDS), 'subscribe');
  assert.deepEqual(s.answers(), []);
  s.want(CDS, make(CDS, 'b', 'a'));
  assert.deepEqual(s.answers(), [], 'the same content is no change');
  s.want(CDS, make(CDS, 'a=2', 'b'));
  assert.deepEqual(s.answers(), ['CDS a=2 b=1'], 'clusters are sent whole');
});

test('endpoints and routes are sent in part', () => {
  for (const type of [EDS, RDS]) {
    const s = new PureStream('sotw').want(type, make(type, 'a', 'b', 'c'));
    s.ask(type, ['a', 'b']);
    assert.match(s.answers()[0]!, / a=1 b=1$/);
    s.ask(type, ['a', 'b']);
    s.want(type, make(type, 'a=2', 'b', 'c=2'));
    assert.match(s.answers()[0]!, /DS a=2$/);
  }
});

test('the newest state supersedes the ones before while an answer is on its way', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a'));
  s.ask(CDS);
  s.answers();
  for (const version of ['2', '3', '4']) {
    s.want(CDS, make(CDS, `a=${version}`));
    assert.deepEqual(s.answers(), []);
  }
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['CDS a=4']);
});

test('without an acknowledgement a newer state is sent after a while', () => {
  const s = new PureStream('sotw', { patienceMs: 5000 }).want(CDS, make(CDS, 'a'));
  s.ask(CDS);
  s.answers();
  const first = s.last.get(CDS)!.nonce;
  s.want(CDS, make(CDS, 'a=2'));
  s.now += 4999;
  assert.deepEqual(s.answers(), []);
  assert.equal(s.state.wakeAt(s), s.now + 1);
  s.now += 1;
  assert.deepEqual(s.answers(), ['CDS a=2']);
  assert.equal(s.ask(CDS, [], first), 'stale');
  assert.equal(s.state.subscription(CDS)!.ackedVersion, undefined);
  assert.equal(s.ask(CDS), 'ack');
});

test('a stale nonce is not answered and credited with nothing', () => {
  const s = new PureStream('sotw').want(EDS, make(EDS, 'a', 'b'));
  s.ask(EDS, ['a']);
  s.answers();
  const stale = s.last.get(EDS)!.nonce;
  s.ask(EDS, ['a']);
  s.want(EDS, make(EDS, 'a=2', 'b'));
  assert.deepEqual(s.answers(), ['EDS a=2']);
  assert.equal(s.ask(EDS, ['a', 'b'], stale), 'stale');
  assert.deepEqual(s.answers(), []);
  assert.equal(s.ask(EDS, ['a', 'b']), 'ack');
  assert.deepEqual(s.answers(), ['EDS b=1']);
});

test('a nonce of an earlier stream means nothing on a new one', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a'));
  assert.equal(s.ask(CDS, [], 'from-before'), 'subscribe');
  assert.deepEqual(s.answers(), ['CDS a=1']);
});

test('a new name is sent though its version is not new', () => {
  for (const type of [EDS, RDS, LDS, CDS]) {
    const s = new PureStream('sotw').want(type, make(type, 'a', 'b'));
    s.ask(type, ['a']);
    s.answers();
    s.ask(type, ['a', 'b']);
    assert.match(s.answers()[0]!, /b=1/);
  }
});

test('a name given up and asked for again is sent again', () => {
  const s = new PureStream('sotw').want(EDS, make(EDS, 'a', 'b'));
  s.ask(EDS, ['a', 'b']);
  s.answers();
  s.ask(EDS, ['a']);
  assert.deepEqual(s.answers(), []);
  s.ask(EDS, ['a', 'b']);
  assert.deepEqual(s.answers(), ['EDS b=1']);
});

test('fewer names bring no answer, and only they count from then on', () => {
  for (const type of [CDS, EDS]) {
    const s = new PureStream('sotw').want(type, make(type, 'a', 'b'));
    s.ask(type, ['a', 'b']);
    s.answers();
    s.ask(type, ['a']);
    s.want(type, make(type, 'a', 'b=2'));
    assert.deepEqual(s.answers(), []);
    s.ask(type, []);
    s.want(type, make(type, 'a=2', 'b=2'));
    assert.deepEqual(s.answers(), [], 'an empty list after names asks for nothing');
  }
});

test('a name that does not exist is remembered until it does', () => {
  const s = new PureStream('sotw').want(RDS, make(RDS, 'a'));
  s.ask(RDS, ['a', 'later']);
  assert.deepEqual(s.answers(), ['RDS a=1']);
  s.ask(RDS, ['a', 'later']);
  assert.deepEqual(s.answers(), []);
  s.want(RDS, make(RDS, 'a', 'later'));
  assert.deepEqual(s.answers(), ['RDS later=1']);
});

test('listeners asked for by name that do not exist are answered with none: absence is the answer', () => {
  const s = new PureStream('sotw').want(LDS, make(LDS, 'a'));
  s.ask(LDS, ['x']);
  assert.deepEqual(s.answers(), ['LDS']);
});

test('no name twice, whether asked for by name, by wildcard or both', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b'));
  s.ask(CDS, ['*', 'a', 'a']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1']);
});

test('from names to everything', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b'));
  s.ask(CDS, ['a']);
  assert.deepEqual(s.answers(), ['CDS a=1']);
  s.ask(CDS, ['*']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1']);
});

test('a deleted cluster is missing from the next answer; deleted endpoints are not spoken of', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b')).want(EDS, make(EDS, 'a', 'b'));
  s.ask(CDS);
  s.ask(EDS, ['a', 'b']);
  s.answers();
  s.ask(CDS);
  s.ask(EDS, ['a', 'b']);
  s.want(CDS, make(CDS, 'a')).want(EDS, make(EDS, 'a'));
  assert.deepEqual(s.answers(), ['CDS a=1']);
});

test('a refusal is an error, whatever the version; the refused answer is forgotten as known', () => {
  const s = new PureStream('sotw').want(EDS, make(EDS, 'a', 'b'));
  s.ask(EDS, ['a', 'b']);
  s.answers();
  assert.equal(s.ask(EDS, ['a', 'b'], undefined, 'bad b'), 'nack');
  assert.equal(s.ask(EDS, ['a', 'b'], undefined, 'bad b'), 'subscribe', 'the same refusal twice is one');
  // The way back: b is left alone, a was in the refused answer and is sent again.
  s.want(EDS, make(EDS, 'a'), ['b']);
  assert.deepEqual(s.answers(), ['EDS a=1']);
  s.ask(EDS, ['a', 'b']);
  assert.deepEqual(s.answers(), []);
});

test('an error for an answer that was acknowledged before is a refusal still', () => {
  const s = new PureStream('sotw').want(EDS, make(EDS, 'a'));
  s.ask(EDS, ['a']);
  s.answers();
  assert.equal(s.ask(EDS, ['a']), 'ack');
  assert.equal(s.ask(EDS, ['a'], undefined, 'late'), 'nack');
});

test('nonces do not repeat on a stream, even for a version sent before', () => {
  const s = new PureStream('sotw');
  const one = make(CDS, 'a');
  const two = make(CDS, 'a=2');
  const seen = new Set<string>();
  s.ask(CDS);
  for (const resources of [one, two, one, two, one]) {
    s.want(CDS, resources);
    assert.equal(s.answers().length, 1);
    const { nonce } = s.last.get(CDS)!;
    assert.ok(!seen.has(nonce), nonce);
    seen.add(nonce);
    s.ask(CDS);
  }
});

test('heartbeats renew times to live for who understands them, with the same version', () => {
  const timed = [resource(CDS, 'a'), resource(CDS, 't', '1', { ttlMs: 10_000 })];
  const s = new PureStream('sotw', { ttl: true })
    .want(CDS, timed)
    .want(RDS, [resource(RDS, 'r', '1', { ttlMs: 8000 }), resource(RDS, 'q')]);
  s.ask(CDS);
  s.ask(RDS, ['r', 'q']);
  s.answers();
  s.ask(CDS);
  s.answers();
  s.ask(RDS, ['r', 'q']);
  assert.deepEqual(s.answers(), []);
  const version = s.last.get(CDS)!.version;
  assert.equal(s.state.wakeAt(s), s.now + 4000);
  s.now += 4000;
  assert.deepEqual(s.answers(), ['RDS~ r=1']);
  s.ask(RDS, ['r', 'q']);
  s.now += 1000;
  assert.deepEqual(s.answers(), ['CDS~ a=1 t=1'], 'clusters whole, or the others would be deleted');
  assert.equal(s.last.get(CDS)!.version, version);
  s.want(RDS, [resource(RDS, 'r', '2', { ttlMs: 8000 }), resource(RDS, 'q')]).want(CDS, timed.slice(1));
  s.ask(CDS);
  assert.deepEqual(s.answers(), ['RDS r=2']);
  s.now += 5000;
  assert.deepEqual(s.answers(), ['CDS~ a=1 t=1'], 'also with what is only kept until the routes have left it');
  const other = new PureStream('sotw').want(CDS, timed);
  other.ask(CDS);
  other.answers();
  other.ask(CDS);
  other.now += 100_000;
  assert.deepEqual(other.answers(), []);
  assert.equal(other.state.wakeAt(other), undefined);
});

test('what a refresh left out runs out at the client, and is sent when it is there again, though as it was', () => {
  const timed = [resource(RDS, 'r', '1', { ttlMs: 8000 })];
  for (const beside of [[], [resource(RDS, 'q', '1', { ttlMs: 8000 })]]) {
    const s = new PureStream('sotw', { ttl: true }).want(RDS, [...timed, ...beside]);
    const names = ['r', 'q'];
    s.ask(RDS, names);
    s.answers();
    s.ask(RDS, names);
    s.want(RDS, beside);
    assert.deepEqual(s.answers(), []);
    s.now += 4000;
    assert.deepEqual(s.answers(), beside.length > 0 ? ['RDS~ q=1'] : []);
    s.ask(RDS, names);
    s.now += 4001;
    s.answers();
    s.ask(RDS, names);
    s.want(RDS, [...timed, ...beside]);
    assert.deepEqual(s.answers(), ['RDS r=1']);
  }
});

test('what goes is kept, until nothing refers to it, as the client has it: never what it refused, or was not sent', () => {
  const both = make(CDS, 'a', 'b');
  const s = new PureStream('sotw').want(CDS, both).want(RDS, make(RDS, 'r'));
  s.ask(CDS, ['b']);
  assert.deepEqual(s.answers(), ['CDS b=1']);
  s.ask(CDS, ['b']);
  s.answers();
  // The routes are not acknowledged: clusters stay.
  s.ask(RDS, ['r']);
  assert.deepEqual(s.answers(), ['RDS r=1']);
  s.ask(CDS, ['a', 'b']);
  assert.deepEqual(s.answers(), ['CDS a=1 b=1']);
  s.want(CDS, make(CDS, 'c'));
  s.ask(CDS, ['a', 'b', 'c'], s.last.get(CDS)!.nonce, 'a: no');
  assert.deepEqual(s.answers(), ['CDS b=1 c=1']);
  s.ask(CDS, ['a', 'b', 'c']);
  assert.deepEqual(s.answers(), []);
  // Acknowledged, and refused after all.
  s.want(CDS, make(CDS, 'b=2', 'c'));
  assert.deepEqual(s.answers(), ['CDS b=2 c=1']);
  s.ask(CDS, ['a', 'b', 'c']);
  assert.equal(s.ask(CDS, ['a', 'b', 'c'], s.last.get(CDS)!.nonce, 'b: no'), 'nack');
  s.want(CDS, make(CDS, 'c'));
  assert.deepEqual(s.answers(), ['CDS b=1 c=1']);
});

test('a name asked for that is to go is not sent to who never had it', () => {
  const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b')).want(RDS, make(RDS, 'r'));
  s.ask(CDS, ['b']);
  s.answers();
  s.ask(CDS, ['b']);
  s.answers();
  s.ask(RDS, ['r']);
  s.answers();
  s.want(CDS, make(CDS, 'c'));
  s.ask(CDS, ['a', 'b', 'c']);
  assert.deepEqual(s.answers(), ['CDS b=1 c=1']);
});

test('of a first answer that is refused what was not to blame is kept while routes may lead to it', () => {
  const refuse = (s: PureStream, detail: string) => s.ask(CDS, [], s.last.get(CDS)!.nonce, detail);
  for (const [detail, then] of [
    ['b: no', ['CDS a=1 c=1']],
    ['no', ['CDS a=1 b=1 c=1', 'CDS c=1']],
  ] as const) {
    const s = new PureStream('sotw').want(CDS, make(CDS, 'a', 'b')).want(RDS, make(RDS, 'r'));
    s.ask(CDS);
    s.answers();
    s.ask(RDS, ['r']);
    refuse(s, detail);
    s.want(CDS, make(CDS, 'c'));
    s.trouble.add(RDS);
    const heard = s.answers().filter((a) => a.startsWith('CDS'));
    for (let i = 1; i < then.length; i++) {
      refuse(s, 'no');
      heard.push(...s.answers());
    }
    assert.deepEqual(heard, then);
  }
});
