import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, LDS, RTDS, resource, SDS } from '../../test/xds/sample.ts';
import { DeltaSubscription } from './delta.ts';
import { NodeRecord } from './node.ts';
import type { SettlingStream } from './settle.ts';
import { progress, QUIET_MS } from './settle.ts';

function stream(synced: Record<string, number>, ackedAt?: number, only?: string): SettlingStream {
  const subscriptions = new Map(
    Object.entries(synced).map(([typeUrl, revision]) => {
      const s = new DeltaSubscription(typeUrl, { ttl: false, patienceMs: 1 });
      s.syncedRevision = revision;
      return [typeUrl, s];
    }),
  );
  return {
    subscription: (typeUrl) => subscriptions.get(typeUrl),
    serves: (typeUrl) => only === undefined || only === typeUrl,
    connectedAt: 100,
    ackedAt,
  };
}

function node(): NodeRecord {
  const n = new NodeRecord('cart');
  n.ask([resource(CDS, 'a'), resource(RTDS, 'layer')], () => false);
  return n;
}

test('how far a revision got', async (t) => {
  const quiet = 150 + QUIET_MS;
  const table: [string, SettlingStream[], number, object][] = [
    ['not connected', [], 200, { state: 'pending', why: 'not connected', connected: false }],
    [
      'all acknowledged',
      [stream({ [CDS]: 1, [RTDS]: 1 }, 150)],
      200,
      { state: 'settled', settlement: { state: 'acked', at: 150 } },
    ],
    [
      'a newer state counts',
      [stream({ [CDS]: 7, [RTDS]: 1 }, 150)],
      200,
      { state: 'settled', settlement: { state: 'acked', at: 150 } },
    ],
    [
      'one type open',
      [stream({ [CDS]: 1, [RTDS]: 0 }, 150)],
      200,
      { state: 'pending', why: 'not acknowledged: RTDS', connected: true },
    ],
    [
      'one stream of two open',
      [stream({ [CDS]: 1, [RTDS]: 1 }), stream({ [CDS]: 0, [RTDS]: 1 })],
      200,
      { state: 'pending', why: 'not acknowledged: CDS', connected: true },
    ],
    [
      'a stream of another service is not waited for',
      [stream({ [CDS]: 1, [RTDS]: 1 }, 150), stream({ [SDS]: 1 }, 120, SDS)],
      200,
      { state: 'settled', settlement: { state: 'acked', at: 150 } },
    ],
    [
      'where no stream is of the service, nothing is acknowledged',
      [stream({ [SDS]: 1 }, 120, SDS)],
      9999,
      { state: 'pending', why: 'not acknowledged: CDS', connected: true },
    ],
    [
      'clusters are waited for before they are asked for',
      [stream({ [RTDS]: 1 }, 150)],
      9999,
      { state: 'pending', why: 'not acknowledged: CDS', connected: true },
    ],
    [
      'other types for a moment',
      [stream({ [CDS]: 1 }, 150)],
      quiet - 1,
      { state: 'pending', why: 'not asked for: RTDS', connected: true, until: quiet },
    ],
    [
      'then they count as not wanted',
      [stream({ [CDS]: 1 }, 150)],
      quiet,
      { state: 'settled', settlement: { state: 'acked', detail: 'not asked for: RTDS', at: 150 } },
    ],
  ];
  for (const [name, streams, now, expected] of table)
    await t.test(name, () => assert.deepEqual(progress(node(), 1, streams, now), expected));
});

test('a refusal settles what it concerns, and nothing else', () => {
  const n = node();
  n.onSynced(CDS, n.goal(CDS)!.set);
  n.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b'), resource(RTDS, 'layer')], () => false);
  const { set, revision } = n.goal(CDS)!;
  const [bad] = [set.get('a')!];
  const sent = { nonce: '', version: '', set, revision, resources: [bad], whole: false, removed: [], at: 0 };
  n.onNack(CDS, { ...sent, heartbeat: false }, 'no', 0);
  assert.deepEqual(progress(n, 2, [], 500), {
    state: 'settled',
    settlement: { state: 'nacked', detail: 'CDS a: no', at: 500 },
  });
  n.ask([resource(CDS, 'a', 'bad'), resource(CDS, 'b', '2'), resource(RTDS, 'layer')], () => false);
  assert.deepEqual(progress(n, 3, [stream({ [CDS]: 3 }, 600)], 700), {
    state: 'settled',
    settlement: { state: 'acked', at: 600 },
  });
});

test('removing everything needs nobody who never asked', () => {
  const n = new NodeRecord('cart');
  n.ask([resource(LDS, 'in')], () => false);
  n.ask([], () => false);
  assert.equal(progress(n, 2, [stream({}, 5)], 6).state, 'settled');
});
