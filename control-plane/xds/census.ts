import type { NodeRecord } from './node.ts';
import type { ListenerScope } from './resource.ts';
import type { ServedStream } from './served-stream.ts';

/** How many of everything there are, at one moment. */
export interface Census {
  /** Streams open, by scope and protocol: `production sotw`. */
  readonly streams: ReadonlyMap<`${ListenerScope} ${'sotw' | 'delta'}`, number>;
  /** Nodes with a stream; with a set but without a stream; with a stream but without a set, whose requests are held. */
  readonly nodes: { readonly connected: number; readonly away: number; readonly held: number };
  /** What proxies do not have because they, or others of their node, refused it. At most {@link MOST_REFUSALS}. */
  readonly refusals: readonly Refused[];
}

export interface Refused {
  readonly nodeId: string;
  readonly typeUrl: string;
  /** `*` for the type as a whole. */
  readonly name: string;
  /** The proxy's own words, or why it is withheld. */
  readonly detail: string;
}

export const MOST_REFUSALS = 1000;

export function takeCensus(
  members: Iterable<{ readonly record: NodeRecord; readonly streams: ReadonlySet<ServedStream> }>,
): Census {
  const streams = new Map<`${ListenerScope} ${'sotw' | 'delta'}`, number>();
  const nodes = { connected: 0, away: 0, held: 0 };
  const refusals: Refused[] = [];
  for (const { record, streams: own } of members) {
    nodes[own.size === 0 ? 'away' : record.known ? 'connected' : 'held']++;
    for (const { scope, protocol } of own) {
      const key = `${scope} ${protocol}` as const;
      streams.set(key, (streams.get(key) ?? 0) + 1);
    }
    for (const typeUrl of record.types)
      for (const [name, detail] of record.problems(typeUrl))
        if (refusals.length < MOST_REFUSALS) refusals.push({ nodeId: record.id, typeUrl, name, detail });
  }
  return { streams, nodes, refusals };
}
