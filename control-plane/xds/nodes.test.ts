import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { XdsEvents } from './events.ts';
import { Listeners } from './events.ts';
import { Nodes } from './nodes.ts';
import type { ServedStream } from './served-stream.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('what a proxy says of itself is kept as long as any of its streams', () => {
  const nodes = new Nodes({
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    logger: silent,
    events: new Listeners<XdsEvents>(() => {}),
    attempts: undefined as never,
    counters: { pushes: 0, acks: 0, nacks: 0, refused: 0 },
    streamsPerNode: 2,
  });
  const { record } = nodes.take('cart');
  record.ask([], () => false);
  const [first, second] = [1, 2].map(() => ({ scope: 'production', protocol: 'delta', node: record }));
  const attach = (stream: unknown) =>
    nodes.attach(stream as ServedStream, { id: 'cart', cluster: '', clientFeatures: [], bytes: Uint8Array.of(1) });
  attach(first);
  attach(second);
  nodes.detach(first as unknown as ServedStream);
  assert.ok(record.identity);
  nodes.detach(second as unknown as ServedStream);
  assert.equal(record.identity, undefined);
  assert.equal(nodes.find('cart')?.record, record, 'though it is known still');
});
