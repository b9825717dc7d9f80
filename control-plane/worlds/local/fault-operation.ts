import { type Fault, faultKinds, MOST_LOAD } from '../../mesh/fault.ts';
import { endsOf, type ServiceId, type Topology } from '../../mesh/topology.ts';
import type { FaultOperation, WorldCapabilities } from './protocol.ts';

const MOST_LOSS = 0.5;
const MOST_TAKEN = 0.95;
const MOST_SLOW_MS = 4000;

/** The service a fault acts at: its target, or an edge's callee. */
function faultedService(fault: Fault): ServiceId {
  return 'edge' in fault.target ? endsOf(fault.target.edge)[1] : fault.target.service;
}

/** Why this fault cannot be made in this shadow, or undefined. */
export function impossible(fault: Fault, topology: Topology, capabilities: WorldCapabilities): string | undefined {
  const kind = faultKinds[fault.kind];
  const service = topology.services[faultedService(fault)];
  if (!service) return `${faultedService(fault)} is not a service of ${topology.application}`;
  if (kind.needs === 'mock' && !service.external)
    return `${service.id} is not outside the application; only mocks can fail as a dependency`;
  if (kind.needs !== 'mock' && service.external)
    return `${service.id} is outside the application: in the shadow it is a mock, which can only be slow or fail`;
  if (kind.needs === 'filter') return undefined;
  if (kind.needs === 'users' && service.id !== endsOf(topology.entry)[1])
    return `users enter at ${endsOf(topology.entry)[1]}, not at ${service.id}`;
  const permission = capabilities[kind.needs];
  return permission === true ? undefined : permission;
}

/**
 * What the supervisor is to do for a fault; undefined for kinds that the proxies enforce.
 *
 * @param entryRate requests/s that enter the shadow now, which `load` multiplies
 */
export function operationOf(fault: Fault, entryRate = 0): FaultOperation | undefined {
  const service = faultedService(fault);
  const replica = 'service' in fault.target ? fault.target.replica : undefined;
  const target = { service, ...(replica === undefined ? {} : { replica }) };
  const m = Math.min(1, Math.max(0, fault.magnitude));
  switch (fault.kind) {
    case 'packet-loss':
      return { kind: 'packet-loss', ...target, loss: m * MOST_LOSS };
    case 'outage':
      return { kind: 'outage', ...target, mode: m < 0.5 ? 'stop' : 'kill', share: fault.share };
    case 'cpu':
      return { kind: 'cpu', ...target, taken: m * MOST_TAKEN };
    case 'memory':
      return { kind: 'memory', ...target, closeness: m };
    case 'load':
      return { kind: 'load', service, rate: m * MOST_LOAD * entryRate };
    case 'dependency': {
      const slow = m < 0.5;
      return {
        kind: 'dependency',
        service,
        mode: slow ? 'slow' : 'fail',
        delayMs: slow ? Math.round(m * 2 * MOST_SLOW_MS) : 0,
        share: fault.share,
      };
    }
    default:
      return undefined;
  }
}
