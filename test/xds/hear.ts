import type { Verdict } from '../../control-plane/xds/answers.ts';
import type { NodeRecord } from '../../control-plane/xds/node.ts';
import type { Subscription } from '../../control-plane/xds/subscription.ts';

/** What the server does with a verdict on a node's stream, for proxies without sockets. `now`: ms. */
export function hear(node: NodeRecord, subscription: Subscription, verdict: Verdict, now: number): void {
  const { typeUrl } = subscription;
  if (verdict.kind === 'nack') node.onNack(typeUrl, verdict.sent, verdict.detail, now);
  if (verdict.kind !== 'ack') return;
  const { sent } = verdict;
  if (subscription.accepted(sent.set, false))
    node.onSynced(typeUrl, sent.set, subscription.namesOfWhole, subscription.keptBodies);
  else if (!sent.heartbeat) node.onAccepted(typeUrl, sent.resources);
}
