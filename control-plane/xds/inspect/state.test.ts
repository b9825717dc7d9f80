import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, EDS, RDS, resource } from '../../../test/xds/sample.ts';
import { NodeRecord } from '../node.ts';
import type { Resource } from '../resource.ts';
import { StreamState } from '../stream-state.ts';
import type { Outgoing } from '../subscription.ts';
import { shortName } from '../type-urls.ts';
import { resourceStates, typeStates } from './state.ts';

/** A node with one state-of-the-world stream; time stands still at 1000. */
class Client {
  readonly record = new NodeRecord('cart');
  readonly stream = new StreamState('sotw', { ttl: false, patienceMs: 5000, aggregated: true });
  readonly #last = new Map<string, Outgoing>();

  constructor() {
    this.record.bind('production');
  }

  want(...resources: Resource[]): this {
    this.record.ask(resources, () => false);
    return this;
  }
  ask(typeUrl: string, names: string[] = [], error?: string): this {
    const sent = this.#last.get(typeUrl);
    const verdict = this.stream.onSotw(typeUrl, { names, version: '', nonce: sent?.nonce ?? '', error });
    if (verdict.kind === 'nack') this.record.onNack(typeUrl, verdict.sent, verdict.detail, 2000);
    return this;
  }
  send(): this {
    for (let a = this.stream.next(this.record, 1000); a; a = this.stream.next(this.record, 1000))
      this.#last.set(a.typeUrl, a);
    return this;
  }
  get resources(): string[] {
    return resourceStates({ record: this.record, streams: [this.stream] }).map((s) =>
      [shortName(s.typeUrl), s.name, s.resource ? s.state : 'missing', s.detail].filter(Boolean).join(' '),
    );
  }
  get types(): string[] {
    return typeStates({ record: this.record, streams: [this.stream] }).map((s) => `${shortName(s.typeUrl)} ${s.state}`);
  }
}

test('from not sent over sent to synced', () => {
  const proxy = new Client().want(resource(CDS, 'a'));
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a not-sent'], []]);
  proxy.ask(CDS);
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a not-sent'], ['CDS not-sent']]);
  proxy.send();
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a stale'], ['CDS stale']]);
  proxy.ask(CDS).send();
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a synced'], ['CDS synced']]);
});

test('a change makes stale what it changes, and only that', () => {
  const proxy = new Client().want(resource(EDS, 'a'), resource(EDS, 'b')).ask(EDS, ['a', 'b']).send();
  proxy.ask(EDS, ['a', 'b']).send();
  proxy.want(resource(EDS, 'a', '2'), resource(EDS, 'b'));
  assert.deepEqual([proxy.resources, proxy.types], [['EDS a stale', 'EDS b synced'], ['EDS stale']]);
});

test('a change of what nobody asks for leaves the type in step', () => {
  const proxy = new Client()
    .want(resource(RDS, 'a'), resource(RDS, 'other'))
    .ask(RDS, ['a'])
    .send()
    .ask(RDS, ['a'])
    .send();
  proxy.want(resource(RDS, 'a'), resource(RDS, 'other', '2')).send();
  assert.deepEqual([proxy.resources, proxy.types], [['RDS a synced', 'RDS other not-sent'], ['RDS synced']]);
});

test('a refusal is told of the resource refused, with the words of the proxy', () => {
  const proxy = new Client().want(resource(CDS, 'a'), resource(CDS, 'b')).ask(CDS).send().ask(CDS).send();
  proxy
    .want(resource(CDS, 'a', '2'), resource(CDS, 'b'))
    .send()
    .ask(CDS, [], 'a: no')
    .send()
    .ask(CDS)
    .send();
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a error a: no', 'CDS b synced'], ['CDS error']]);
});

test('a type that is withheld says why, for what is not there yet', () => {
  const proxy = new Client().want(resource(CDS, 'a')).ask(CDS).send().ask(CDS, [], 'something').send();
  assert.deepEqual([proxy.resources, proxy.types], [['CDS a error something'], ['CDS error']]);
});

test('a name asked for that does not exist is shown as missing', () => {
  const proxy = new Client().want(resource(RDS, 'a')).ask(RDS, ['a', 'nowhere']).send().ask(RDS, ['a', 'nowhere']);
  assert.deepEqual(proxy.resources, ['RDS a synced', 'RDS nowhere missing']);
});
