import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import { make, running } from '../../test/xds/running-proxy.ts';
import { CDS, EDS, SDS } from '../../test/xds/sample.ts';

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

test('endpoints are sent again when their cluster has changed, without waiting for anything', () => {
  const s = running();
  s.want(CDS, make(CDS, 'old=2'));
  assert.deepEqual(s.answers(), ['CDS old=2', 'EDS old=1']);
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
