import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzBounds } from '../fuzz-bounds.ts';
import { CDS, RTDS } from './sample.ts';
import { TimedProxy } from './timed-proxy.ts';

type Op =
  /** `text` 2 is refused where anything is. */
  | { op: 'set'; name: string; text: number; ttlMs: number }
  | { op: 'remove'; name: string }
  | { op: 'ask'; names: string[] }
  | { op: 'wait'; ms: number }
  | { op: 'away'; ms: number }
  | { op: 'warm'; ms: number };

const REFUSED = 2;
const names = ['a', 'b', 'c'];
const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('set' as const),
        name: fc.constantFrom(...names),
        text: fc.nat({ max: 2 }),
        ttlMs: fc.constantFrom(0, 0, 1000, 3000),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('remove' as const), name: fc.constantFrom(...names) }) },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constant('ask' as const), names: fc.subarray(['*', ...names], { minLength: 1 }) }),
    },
    { weight: 6, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat({ max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.nat({ max: 9000 }) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('warm' as const), ms: fc.nat({ max: 15_000 }) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('away' as const), ms: fc.nat({ max: 400 }) }) },
  ),
  { minLength: 1, maxLength: 60 },
);

const kinds = (['sotw', 'delta'] as const).flatMap((protocol) =>
  Object.entries({ RTDS, CDS }).flatMap(([name, type]) =>
    [false, true].map((refuses) => ({ protocol, name, type, refuses })),
  ),
);

for (const { protocol, name, type, refuses } of kinds)
  test(`${protocol}: nothing of ${name} runs out while the server is there, whatever changes and however often${refuses ? ', though some is refused' : ''}`, () => {
    fc.assert(
      fc.property(ops, (sequence) => {
        const proxy = new TimedProxy(protocol, type, refuses ? String(REFUSED) : undefined);
        for (const op of sequence) {
          if (op.op === 'set') proxy.set(op.name, String(op.text), op.ttlMs);
          else if (op.op === 'remove') proxy.remove(op.name);
          else if (op.op === 'ask') proxy.ask(op.names);
          else if (op.op === 'wait') proxy.wait(op.ms);
          else if (op.op === 'warm') proxy.warm(op.ms);
          else proxy.reconnect(op.ms);
        }
        proxy.settle();
        for (const r of proxy.node.view(type).resources.values())
          if (proxy.covers(r.name) && !proxy.refuses(r))
            assert.equal(proxy.has.get(r.name)?.version, r.version, r.name);
      }),
      fuzzBounds(400, kinds.length),
    );
  });
