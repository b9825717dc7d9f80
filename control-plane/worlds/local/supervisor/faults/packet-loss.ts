import { clearLossText, type FilterState, lossText } from '../../../../shadow/isolation/packet-filter.ts';
import type { FaultOperation } from '../../protocol.ts';
import type { Replicas } from '../world-runtime.ts';
import type { FaultAction } from './action.ts';
import { targetsOf } from './targets.ts';

export interface PacketFilter {
  /** Loads rules. @throws with what nft said */
  load(text: string): Promise<unknown>;
  state(): Promise<FilterState | undefined>;
}

/** Drops a share of the packets to and from the targets' inbound proxies, in the shadow's own network namespace. */
export function packetLoss(
  id: string,
  runtime: Replicas,
  operation: Extract<FaultOperation, { kind: 'packet-loss' }>,
  filter: PacketFilter,
): FaultAction {
  const ports = targetsOf(runtime, operation).map((r) => r.plan.ports.inbound);
  const inPlace = async () => (await filter.state())?.faults[id];
  return {
    async apply() {
      await filter.load(lossText(id, ports, operation.loss));
    },
    async undo() {
      const rules = await inPlace();
      if (rules) await filter.load(clearLossText(rules.handles));
    },
    async state() {
      const rules = await inPlace();
      return rules
        ? {
            inPlace: true,
            detail: `${operation.loss * 100}% of packets at ${ports.join(', ')}; ${rules.dropped} dropped`,
          }
        : { inPlace: false, detail: 'no rule' };
    },
  };
}
