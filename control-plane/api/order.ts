import { UmbraError } from '../mesh/errors.ts';
import { type MitigationTarget, mitigationKinds } from '../mesh/mitigation.ts';
import type { Topology } from '../mesh/topology.ts';
import type { OverrideRequest, Plane } from './plane.ts';
import { defaultTtlMs, type OrderRequest } from './schemas/orders.ts';

/**
 * A request that passed its schema, completed with defaults, and every name in it looked up: an order about a service that is
 * not there would stand and do nothing.
 * @throws UmbraError UMB0803 or UMB0804
 */
export function completeOrder(
  request: OrderRequest,
  plane: Pick<Plane, 'topology' | 'leases' | 'records'>,
): OverrideRequest {
  const { order } = request;
  const topology = plane.topology();
  switch (order.type) {
    case 'freeze':
      if (order.service !== undefined) requireService(order.service, topology);
      break;
    case 'mode':
      requireService(order.service, topology);
      break;
    case 'pin':
      requireTarget(order.mitigation.kind, order.mitigation.target, topology);
      break;
    case 'forbid': {
      const at = order.what.indexOf('@');
      const kind = at < 0 ? order.what : order.what.slice(0, at);
      if (!Object.hasOwn(mitigationKinds, kind))
        throw invalid(`${kind} is no kind of mitigation`, Object.keys(mitigationKinds));
      if (at >= 0) {
        const target = order.what.slice(at + 1);
        const known = kind as keyof typeof mitigationKinds;
        requireTarget(
          known,
          target.includes('>') ? { edge: target as `${string}>${string}` } : { service: target },
          topology,
        );
      }
      break;
    }
    case 'undo':
      if (plane.leases('shadow').some((l) => l.id === order.lease)) {
        throw invalid(
          `${order.lease} is in force in the shadow, where its episode takes it back; production’s can be undone`,
        );
      }
      // Whether production has it only its guardian knows: it may be away for a probe of removal.
      break;
    case 'approve':
      if (!plane.records.decisions.get(order.decision)) {
        throw new UmbraError('UMB0804', `there is no decision ${order.decision}`);
      }
      break;
  }
  return {
    order,
    by: request.by ?? 'operator',
    reason: request.reason ?? '',
    ttlMs: request.ttlMs ?? defaultTtlMs[order.type],
  };
}

function requireService(id: string, topology: Topology): void {
  const ours = Object.values(topology.services).filter((s) => !s.external);
  if (!ours.some((s) => s.id === id))
    throw invalid(
      `there is no service ${id}`,
      ours.map((s) => s.id),
    );
}

function requireTarget(kind: keyof typeof mitigationKinds, target: MitigationTarget, topology: Topology): void {
  const wants = mitigationKinds[kind].target;
  if (!(wants in target))
    throw invalid(`${kind} belongs to ${wants === 'edge' ? 'an edge, caller>callee' : 'a service'}`);
  if ('service' in target) requireService(target.service, topology);
  else if (!Object.hasOwn(topology.edges, target.edge))
    throw invalid(`there is no edge ${target.edge}`, Object.keys(topology.edges));
}

function invalid(what: string, known?: readonly string[]): UmbraError {
  return new UmbraError('UMB0803', known ? `${what}; there are ${known.join(', ')}` : what);
}
