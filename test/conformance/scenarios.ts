import type { Harness, Type, Variant } from './harness.ts';

/** One scenario of the CNCF's suite with its examples, retold. */
export interface Outline {
  readonly title: string;
  readonly variants: readonly Variant[];
  /** Types and names of each run. */
  readonly examples: readonly Example[];
  readonly run: (harness: Harness, example: Example) => Promise<void>;
}

export interface Example {
  readonly type: Type;
  /** The second type of an aggregated scenario. */
  readonly other?: Type;
  /** What the server has. */
  readonly has: readonly string[];
  /** What the client asks for. */
  readonly asks?: readonly string[];
  /** What the scenario is about: changed, added, removed or given up. */
  readonly one?: string;
  readonly two?: string;
}

const sotw: readonly Variant[] = [
  { protocol: 'sotw', streams: 'separate' },
  { protocol: 'sotw', streams: 'aggregated' },
];
const delta: readonly Variant[] = [
  { protocol: 'delta', streams: 'separate' },
  { protocol: 'delta', streams: 'aggregated' },
];
const aggregated = (variants: readonly Variant[]) => variants.filter((v) => v.streams === 'aggregated');

export const allVariants: readonly Variant[] = [...sotw, ...delta];

const all: readonly Type[] = ['CDS', 'LDS', 'RDS', 'EDS'];
const each = (types: readonly Type[], rest: Omit<Example, 'type'>): Example[] =>
  types.map((type) => ({ type, ...rest }));
const abc = ['A', 'B', 'C'];
const whole: readonly Type[] = ['CDS', 'LDS'];
const partial: readonly Type[] = ['RDS', 'EDS'];

/** delta.feature, subscribing.feature and unsubscribing.feature of xds-test-harness, in their order. */
export const outlines: readonly Outline[] = [
  {
    title: 'resources are subscribed to one after the other',
    variants: delta,
    examples: each(all, { has: abc, one: 'A', two: 'B' }),
    async run(h, { type, has, one, two }) {
      await h.setup([type], has, '1');
      h.subscribe(type, [one!]);
      await h.receives(type, [one!], '1');
      h.subscribe(type, [two!]);
      await h.receives(type, [two!], '1');
      await h.quiet();
    },
  },
  {
    title: 'of an update only the updated resource comes',
    variants: delta,
    examples: each(all, { has: abc, one: 'A' }),
    async run(h, { type, has, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, has);
      await h.receives(type, has, '1');
      await h.update(type, one!, '2');
      await h.receives(type, [one!], '2');
      h.cameAlone(type, one!, { version: true });
      await h.quiet();
    },
  },
  {
    title: 'a resource that does not exist is reported gone, and comes when it is made',
    variants: delta,
    examples: each(all, { has: ['A'], asks: ['A', 'B'], one: 'A', two: 'B' }),
    async run(h, { type, has, asks, one, two }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, [one!], '1');
      h.cameAlone(type, one!, { version: true });
      await h.receivesRemoval(type, two!);
      await h.add(type, two!, '1');
      await h.receives(type, [two!], '1');
      h.cameAlone(type, two!, { version: false });
      await h.quiet();
    },
  },
  {
    title: 'a removal is told, and a resource made anew comes',
    variants: delta,
    examples: each(all, { has: ['A', 'B'], one: 'B' }),
    async run(h, { type, has, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, has);
      await h.receives(type, has, '1');
      await h.remove(type, one!);
      await h.receivesRemoval(type, one!);
      await h.add(type, one!, '2');
      await h.receives(type, [one!], '2');
      h.cameAlone(type, one!, { version: true });
      await h.quiet();
    },
  },
  {
    title: 'resources are given up one after the other',
    variants: delta,
    examples: each(all, { has: ['A', 'B'], one: 'B', two: 'A' }),
    async run(h, { type, has, one, two }) {
      await h.setup([type], has, '1');
      h.subscribe(type, has);
      await h.receives(type, has, '1');
      for (const name of [one!, two!]) {
        await h.unsubscribe(type, name);
        await h.update(type, name, '2');
        await h.receivesNone(type, [name]);
      }
      await h.quiet();
    },
  },
  {
    title: 'two types share a stream',
    variants: aggregated(delta),
    examples: (
      [
        ['CDS', 'LDS'],
        ['LDS', 'CDS'],
        ['RDS', 'EDS'],
        ['EDS', 'RDS'],
      ] as const
    ).map(([type, other]) => ({ type, other, has: abc, one: 'B' })),
    async run(h, { type, other, has, one }) {
      await h.setup([type, other!], has, '1');
      h.subscribe(type, [one!]);
      h.subscribe(other!, [one!]);
      await h.receives(type, [one!], '1');
      await h.receives(other!, [one!], '1');
      for (const changed of [type, other!]) {
        await h.update(changed, one!, '2');
        await h.receives(changed, [one!], '2');
      }
      await h.quiet();
    },
  },
  {
    title: 'a wildcard brings everything',
    variants: sotw,
    examples: each(whole, { has: abc }),
    async run(h, { type, has }) {
      await h.setup([type], has, '1');
      h.wildcard(type);
      await h.receives(type, has, '1');
      h.cameTogether(type, has);
      await h.quiet();
    },
  },
  {
    title: 'updates come',
    variants: sotw,
    examples: each(whole, { has: abc, one: 'A' }),
    async run(h, { type, has, one }) {
      await h.setup([type], has, '1');
      h.wildcard(type);
      await h.receives(type, has, '1');
      await h.update(type, one!, '2');
      await h.receives(type, has, '2');
      h.cameTogether(type, has);
      await h.quiet();
    },
  },
  {
    title: 'under a wildcard new resources come',
    variants: sotw,
    examples: each(whole, { has: abc, one: 'D' }),
    async run(h, { type, has, one }) {
      await h.setup([type], has, '1');
      h.wildcard(type);
      await h.receives(type, has, '1');
      await h.add(type, one!, '2');
      const expected = [...has, one!];
      await h.receives(type, expected, '2');
      h.cameTogether(type, expected);
      await h.quiet();
    },
  },
  {
    title: 'what is asked for by name comes, and nothing else',
    variants: allVariants,
    examples: [
      { type: 'CDS', has: ['A', 'B', 'C', 'D'], asks: ['B', 'D'] },
      { type: 'LDS', has: ['G', 'B', 'L', 'D'], asks: ['L', 'G'] },
      { type: 'RDS', has: ['B', 'A'], asks: ['B', 'A'] },
      { type: 'EDS', has: ['A', 'B'], asks: ['A', 'B'] },
    ],
    async run(h, { type, has, asks }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receivesOnly(type, asks!, '1');
    },
  },
  {
    title: 'what is asked for by name comes whole when it changes',
    variants: sotw,
    examples: [
      { type: 'CDS', has: ['A', 'B', 'C', 'D'], asks: ['B', 'D'], one: 'B' },
      { type: 'LDS', has: ['G', 'B', 'L', 'D'], asks: ['L', 'G'], one: 'G' },
    ],
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, asks!, '1');
      await h.update(type, one!, '2');
      await h.receives(type, asks!, '2');
      h.cameTogether(type, asks!);
      await h.quiet();
    },
  },
  {
    title: 'what is asked for by name comes when it changes',
    variants: sotw,
    examples: each(partial, { has: ['A', 'B', 'C', 'D'], asks: ['B', 'D'], one: 'B' }),
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, asks!, '1');
      await h.update(type, one!, '2');
      await h.receives(type, [one!], '2');
      await h.quiet();
    },
  },
  {
    title: 'what does not exist comes, with the rest, when it is made',
    variants: sotw,
    examples: [
      { type: 'CDS', has: ['A', 'B', 'C'], asks: ['A', 'Z'], one: 'Z' },
      { type: 'LDS', has: ['G', 'B', 'D'], asks: ['B', 'D', 'X'], one: 'X' },
    ],
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(
        type,
        asks!.filter((name) => name !== one),
        '1',
      );
      await h.add(type, one!, '2');
      await h.receives(type, asks!, '2');
      h.cameTogether(type, asks!);
      await h.quiet();
    },
  },
  {
    title: 'what does not exist comes when it is made',
    variants: sotw,
    examples: each(partial, { has: ['A', 'B', 'C', 'D'], asks: ['A', 'Z'], one: 'Z' }),
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, ['A'], '1');
      await h.add(type, one!, '2');
      await h.receives(type, [one!], '2');
      await h.quiet();
    },
  },
  {
    title: 'two types share a stream',
    variants: aggregated(sotw),
    examples: [
      { type: 'CDS', other: 'LDS', has: abc, one: 'B' },
      { type: 'RDS', other: 'EDS', has: abc, one: 'B' },
    ],
    async run(h, { type, other, has, one }) {
      await h.setup([type, other!], has, '1');
      h.subscribe(type, [one!]);
      await h.receives(type, [one!], '1');
      h.subscribe(other!, [one!]);
      await h.receives(other!, [one!], '1');
      await h.update(type, one!, '2');
      await h.receives(type, [one!], '2');
      await h.quiet();
    },
  },
  {
    title: 'some resources are given up: what is left goes on coming, together',
    variants: sotw,
    examples: [
      { type: 'CDS', has: ['F', 'A', 'B', 'C', 'D'], asks: ['C', 'A', 'B'], one: 'A' },
      { type: 'LDS', has: ['G', 'B', 'L', 'D'], asks: ['B', 'D', 'L'], one: 'B' },
    ],
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, asks!, '1');
      await h.narrow(type, [one!]);
      await h.update(type, one!, '2');
      await h.receives(type, [one!], '2');
      h.cameTogether(type, [one!]);
      await h.quiet();
    },
  },
  {
    title: 'some resources are given up: only what is left comes',
    variants: sotw,
    examples: each(partial, { has: ['A', 'B', 'C', 'D'], asks: ['B', 'D'], one: 'B' }),
    async run(h, { type, has, asks, one }) {
      await h.setup([type], has, '1');
      h.subscribe(type, asks!);
      await h.receives(type, asks!, '1');
      await h.narrow(type, [one!]);
      await h.update(type, one!, '2');
      await h.receivesOnly(type, [one!], '2');
    },
  },
  {
    title: 'all resources are given up',
    variants: sotw,
    examples: each(['CDS', 'RDS', 'LDS', 'EDS'], { has: ['A', 'B', 'C', 'D'], asks: ['A', 'B'], one: 'B' }),
    async run(h, { type, has, asks, one }) {
      // An empty list after names asks for nothing; the original sends a list with an empty name in it.
      for (const nothing of [[], ['']]) {
        await h.setup([type], has, '1');
        await h.narrow(type, asks!);
        await h.receives(type, asks!, '1');
        await h.narrow(type, nothing);
        await h.update(type, one!, '2');
        await h.receivesNone(type, asks!);
      }
    },
  },
];
