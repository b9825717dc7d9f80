import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzBounds } from '../fuzz-bounds.ts';
import { OrderedProxy, REFUSED } from './ordered-proxy.ts';

type Op =
  /**
   * Which clusters there are (as bits), their editions, and where each of two routes leads; which clusters and then routes are
   * refused (as bits).
   */
  | { op: 'set'; clusters: number; editions: number; routes: readonly [number, number]; bad: number }
  | { op: 'hear' }
  | { op: 'be heard' }
  | { op: 'reconnect' }
  | { op: 'quiesce' };

const ops: fc.Arbitrary<Op[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('set' as const),
        clusters: fc.integer({ min: 1, max: 15 }),
        editions: fc.integer({ min: 0, max: 15 }),
        routes: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })),
        bad: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 63 })),
      }),
    },
    { weight: 6, arbitrary: fc.constant({ op: 'hear' as const }) },
    { weight: 6, arbitrary: fc.constant({ op: 'be heard' as const }) },
    { weight: 1, arbitrary: fc.constant({ op: 'reconnect' as const }) },
    { weight: 1, arbitrary: fc.constant({ op: 'quiesce' as const }) },
  ),
  { minLength: 1, maxLength: 80 },
);

const all = ['a', 'b', 'c', 'd'];

for (const protocol of ['sotw', 'delta'] as const)
  test(`${protocol}: a route never leads to a cluster that is not there, however answers and requests cross`, () => {
    fc.assert(
      fc.property(ops, (sequence) => {
        const proxy = new OrderedProxy(protocol);
        for (const op of sequence) {
          if (op.op === 'set') {
            const has = (bits: number, i: number) => (bits & (1 << i)) !== 0;
            const clusters = all.filter((_, i) => has(op.clusters, i));
            const edition = (i: number) => (has(op.editions, i) ? '2' : '1') + (has(op.bad, i) ? REFUSED : '');
            proxy.serve(
              clusters.map((name) => [name, edition(all.indexOf(name))]),
              op.routes.map((to, i) => clusters[to % clusters.length]! + (has(op.bad, all.length + i) ? REFUSED : '')),
            );
          } else if (op.op === 'hear') proxy.hear();
          else if (op.op === 'be heard') proxy.beHeard();
          else if (op.op === 'reconnect') proxy.reconnect();
          else proxy.quiesce();
        }
        proxy.quiesce();
      }),
      fuzzBounds(400, 2),
    );
  });
