import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { CDS, resource } from '../../test/xds/sample.ts';
import { admit } from './delta-names.ts';
import type { Limits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import { typeUrls } from './type-urls.ts';

const { VHDS } = typeUrls;
const limits: Limits = { ...defaultLimits, names: 4, namesLength: 1000, nameLength: 60 };
const LONG = 'x'.repeat(61);

/** A stream whose requests pass {@link admit}. */
class Stream extends PureStream {
  limit: string | undefined;

  constructor() {
    super('delta');
  }

  override subscribe(
    typeUrl: string,
    names: string[],
    unsubscribe: string[] = [],
    initial: Record<string, string> = {},
  ) {
    const request = {
      node: undefined,
      typeUrl,
      version: '',
      nonce: this.last.get(typeUrl)?.nonce ?? '',
      error: undefined,
      names,
      unsubscribe,
      initialVersions: new Map(Object.entries(initial)),
    };
    const admitted = admit(request, typeUrl, this.state, this, limits);
    this.limit = admitted.limit;
    const { names: subscribe, ...rest } = admitted.request;
    return this.state.onDelta(typeUrl, { ...rest, subscribe, passing: admitted.passing }).kind;
  }

  names(typeUrl: string): string[] {
    return [...this.state.subscription(typeUrl)!.interest.names];
  }
}

test('a name too long is answered as one that does not exist, and not remembered', () => {
  const s = new Stream().want(CDS, [resource(CDS, 'a')]);
  s.subscribe(CDS, ['a', LONG]);
  assert.match(s.limit ?? '', /too long/);
  assert.deepEqual(s.answers(), [`CDS a=1 -${LONG}`]);
  assert.deepEqual(s.names(CDS), ['a']);
  s.ack(CDS);
  s.subscribe(CDS, [LONG]);
  assert.deepEqual(s.answers(), [`CDS -${LONG}`], 'each time it is asked for');
});

test('of virtual hosts too', () => {
  const s = new Stream().want(VHDS, []);
  s.subscribe(VHDS, [LONG]);
  assert.deepEqual(s.answers(), [`VHDS -${LONG}`]);
  assert.deepEqual([...s.last.get(VHDS)!.missing!], [LONG]);
  assert.deepEqual(s.names(VHDS), []);
});

test('beyond the limit, names that do not exist are answered and not remembered; those that do are', () => {
  const s = new Stream().want(
    CDS,
    ['a', 'b', LONG].map((name) => resource(CDS, name)),
  );
  s.subscribe(CDS, ['n1', 'n2', 'n3']);
  assert.equal(s.limit, undefined);
  assert.deepEqual(s.answers(), ['CDS -n1 -n2 -n3']);
  s.ack(CDS);
  s.subscribe(CDS, ['n4', 'n5', 'a', 'b', LONG]);
  assert.match(s.limit ?? '', /4 names/);
  assert.deepEqual(s.answers(), [`CDS a=1 b=1 ${LONG}=1 -n4 -n5`]);
  assert.deepEqual(s.names(CDS), ['n1', 'n2', 'n3', 'n4', 'a', 'b', LONG]);
  s.ack(CDS);
  s.want(
    CDS,
    ['a', 'b=2', LONG, 'n4', 'n5'].map((text) => resource(CDS, ...(text.split('=') as [string]))),
  );
  assert.deepEqual(s.answers(), ['CDS b=2 n4=1'], 'what is remembered is sent when it comes');
});

test('what comes into being before it is answered is remembered', () => {
  const s = new Stream().want(CDS, []);
  s.subscribe(CDS, ['n1', 'n2', 'n3', 'n4', 'late']);
  s.want(CDS, [resource(CDS, 'late')]);
  assert.deepEqual(s.answers(), ['CDS late=1 -n1 -n2 -n3 -n4']);
  assert.ok(s.names(CDS).includes('late'));
  s.ack(CDS);
  s.want(CDS, [resource(CDS, 'late', '2')]);
  assert.deepEqual(s.answers(), ['CDS late=2']);
});

test('what waits for an answer is bounded as well, whatever is asked for', () => {
  const s = new Stream();
  for (let i = 0; i < 10; i++) s.subscribe(CDS, [`a${i}`, `b${i}`, `c${i}`]);
  assert.equal(s.names(CDS).length, 8, 'remembered, and as many again');
  s.subscribe(VHDS, ['v']);
  s.subscribe(VHDS, ['w']);
  assert.deepEqual([s.names(VHDS), s.state.subscription(VHDS)!.interest.wildcard], [[], false]);
  s.want(CDS, []);
  assert.equal(s.answers()[0]!.split(' -').length, 9);
  assert.equal(s.names(CDS).length, 4);
});

test('a stream that begins with all that was ever asked for goes on', () => {
  const s = new Stream().want(VHDS, [resource(VHDS, 'r/a')]);
  const madeUp = Array.from({ length: 6 }, (_, i) => `r/${i}`);
  // Envoy keeps what it was told does not exist as a resource without a version.
  const kept = Object.fromEntries([...madeUp, LONG].map((name) => [name, '']));
  s.subscribe(VHDS, [...madeUp, 'r/a', LONG], [], kept);
  assert.deepEqual(s.answers(), [`VHDS r/a=1 -r/0 -r/1 -r/2 -r/3 -r/4 -r/5 -${LONG}`]);
  assert.deepEqual(s.names(VHDS), [...madeUp.slice(0, 4), 'r/a']);
});

test('a name that is dropped before it is answered leaves room', () => {
  const s = new Stream();
  s.subscribe(CDS, ['n1', 'n2', 'n3', 'n4', 'p1', 'p2', 'p3', 'p4']);
  s.subscribe(CDS, ['p5'], ['p1']);
  assert.ok(!s.names(CDS).includes('p5'));
  s.subscribe(CDS, ['p6']);
  assert.ok(s.names(CDS).includes('p6'));
});
