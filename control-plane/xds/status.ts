import type { Nack, NodeRecord } from './node.ts';
import type { ListenerScope } from './resource.ts';
import type { ServedStream } from './served-stream.ts';
import { shortName } from './type-urls.ts';

export interface TypeStatus {
  readonly typeUrl: string;
  /** `CDS` and so on. */
  readonly type: string;
  readonly wildcard: boolean;
  /** Names asked for. */
  readonly names: readonly string[];
  /** Version of the set the node should have. */
  readonly versionWanted: string;
  readonly versionSent: string | undefined;
  readonly versionAcked: string | undefined;
  /** An answer is on its way. */
  readonly waiting: boolean;
  /** The newest refusal, also after the last good version was restored. */
  readonly lastNack: Nack | undefined;
  /** Why the proxy has less than what was set: by resource, `*` for the whole type. Empty = it has (or will have) all. */
  readonly problems: Readonly<Record<string, string>>;
}

export interface NodeStatus {
  readonly nodeId: string;
  /** Scope of the listener it came by; undefined before its first connection. */
  readonly scope: ListenerScope | undefined;
  readonly connected: boolean;
  /** ms since the epoch, of the oldest stream. */
  readonly connectedAt: number | undefined;
  readonly protocol: 'sotw' | 'delta' | undefined;
  /** Newest revision set; 0 = none, requests are held. */
  readonly revision: number;
  /** Types asked for, in the order they are sent. */
  readonly types: readonly TypeStatus[];
}

/** What is known of one node, for people. */
export function statusOf(node: NodeRecord, streams: readonly ServedStream[]): NodeStatus {
  const types: TypeStatus[] = [];
  for (const stream of streams)
    for (const s of stream.subscriptions)
      types.push({
        typeUrl: s.typeUrl,
        type: shortName(s.typeUrl),
        wildcard: s.interest.wildcard,
        names: [...s.interest.names],
        versionWanted: node.view(s.typeUrl).label,
        versionSent: s.sentVersion,
        versionAcked: s.ackedVersion,
        waiting: !s.idle,
        lastNack: node.nacks.get(s.typeUrl),
        problems: Object.fromEntries(node.problems(s.typeUrl)),
      });
  return {
    nodeId: node.id,
    scope: node.scope,
    connected: streams.length > 0,
    connectedAt: streams.length > 0 ? Math.min(...streams.map((s) => s.connectedAt)) : undefined,
    protocol: streams[0]?.protocol,
    revision: node.revision,
    types,
  };
}
