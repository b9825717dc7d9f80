import type { NodeRecord } from './node.ts';
import type { Subscription } from './subscription.ts';
import { shortName, typeUrls } from './type-urls.ts';

export interface Settlement {
  readonly state: 'acked' | 'nacked' | 'absent';
  readonly detail?: string;
  /** When the last acknowledgement (or the refusal) came, ms since the epoch. */
  readonly at: number;
}

/** A stream as far as settling looks at it. */
export interface SettlingStream {
  subscription(typeUrl: string): Subscription | undefined;
  /** Whether it may ask for a type: a stream of a per-type service asks for no other. */
  serves(typeUrl: string): boolean;
  /** When it connected, and when it last acknowledged something. */
  readonly connectedAt: number;
  readonly ackedAt: number | undefined;
}

export type Progress =
  | { readonly state: 'settled'; readonly settlement: Settlement }
  /** `until`: when waiting for types nobody asked for ends, if that is all that is waited for. */
  | { readonly state: 'pending'; readonly why: string; readonly connected: boolean; readonly until?: number };

/** How long a proxy may take to ask for a type of its set before it is taken to do without it, ms. */
export const QUIET_MS = 1000;

/**
 * How far a revision got: every type it changed is acknowledged by every stream of the node, or refused. Clusters and
 * listeners are waited for even before the proxy asks for them (it starts with them); other types only for a moment
 * after its last acknowledgement, since a proxy without a runtime layer, say, never asks for one.
 */
export function progress(
  node: NodeRecord,
  revision: number,
  streams: readonly SettlingStream[],
  now: number,
): Progress {
  const needs = node.needs(revision);
  const refusals: string[] = [];
  for (const [typeUrl, need] of needs) {
    for (const [name, detail] of node.problems(typeUrl))
      if (name === '*' || need.names.has(name))
        refusals.push(`${shortName(typeUrl)}${name === '*' ? '' : ` ${name}`}: ${detail}`);
  }
  if (refusals.length > 0) return settled('nacked', lastAck(streams) ?? now, refusals.join('; '));
  if (streams.length === 0) return { state: 'pending', why: 'not connected', connected: false };
  const waiting = new Set<string>();
  const unasked = new Set<string>();
  for (const [typeUrl, need] of needs) {
    const serving = streams.filter((s) => s.serves(typeUrl));
    for (const stream of serving.length > 0 ? serving : streams) {
      const subscription = stream.subscription(typeUrl);
      if (subscription) {
        if (subscription.syncedRevision < need.revision) waiting.add(shortName(typeUrl));
      } else if (node.view(typeUrl).resources.size > 0) {
        if (typeUrl === typeUrls.CDS || typeUrl === typeUrls.LDS) waiting.add(shortName(typeUrl));
        else unasked.add(shortName(typeUrl));
      }
    }
  }
  if (waiting.size > 0)
    return { state: 'pending', why: `not acknowledged: ${[...waiting].join(', ')}`, connected: true };
  if (unasked.size > 0) {
    const until = Math.max(...streams.map((s) => s.ackedAt ?? s.connectedAt)) + QUIET_MS;
    const why = `not asked for: ${[...unasked].join(', ')}`;
    if (now < until) return { state: 'pending', why, connected: true, until };
    return settled('acked', lastAck(streams) ?? now, why);
  }
  return settled('acked', lastAck(streams) ?? now);
}

function lastAck(streams: readonly SettlingStream[]): number | undefined {
  let at: number | undefined;
  for (const s of streams) if (s.ackedAt !== undefined && (at === undefined || s.ackedAt > at)) at = s.ackedAt;
  return at;
}

function settled(state: Settlement['state'], at: number, detail?: string): Progress {
  return { state: 'settled', settlement: detail === undefined ? { state, at } : { state, detail, at } };
}
