import { readFileSync } from 'node:fs';
import { type Documents, parseDocuments } from '../../../api/kinds/parse.ts';
import { topologyOf } from '../../../api/kinds/topology.ts';
import type { Endpoint } from '../../../envoy/node.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import type { ServiceId } from '../../../mesh/topology.ts';
import type { ServiceUpdate } from '../protocol.ts';

/** Reads an application's file. @throws UmbraError UMB0102 where it is not there, UMB0101 with every problem's line */
export function readDocuments(file: string): Documents {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UmbraError('UMB0102', file, { cause });
  }
  return parseDocuments(text, file);
}

/** The documents with one service changed; undefined where that changes nothing. @throws UmbraError UMB0101 for a service that is not there */
export function withUpdate(documents: Documents, update: ServiceUpdate): Documents | undefined {
  const changed = structuredClone(documents);
  const spec = changed.application.spec.services[update.service];
  if (!spec) throw new UmbraError('UMB0101', `${update.service} is not among the services`);
  if (update.command) spec.command = [...update.command];
  if (update.env) spec.env = { ...spec.env, ...update.env };
  if (update.version !== undefined) spec.version = update.version;
  if (update.replicas !== undefined) spec.replicas = update.replicas;
  return JSON.stringify(changed) === JSON.stringify(documents) ? undefined : changed;
}

/** A run's graph is fixed: proxies, telemetry and what was learned are about it. @throws UmbraError UMB0101 */
export function assertSameGraph(before: Documents, after: Documents): void {
  const graph = (documents: Documents) => {
    const { services, edges } = topologyOf(documents.application);
    const spoken = Object.values(services).map(({ id, protocol }) => `${id} ${protocol}`);
    return JSON.stringify([spoken.sort(), Object.keys(edges).sort()]);
  };
  if (graph(before) === graph(after)) return;
  throw new UmbraError('UMB0101', 'services, what they speak or calls were changed; nothing was changed here', {
    remedy: 'Stop `umbra up` and start it again: the graph of a run is fixed.',
  });
}

/** Where production finds what is outside. */
export function externalsOf(documents: Documents): Record<ServiceId, Endpoint[]> {
  const found: Record<ServiceId, Endpoint[]> = {};
  for (const [name, { url }] of Object.entries(documents.application.spec.externals ?? {})) {
    const at = new URL(url);
    found[name] = [{ address: { host: at.hostname, port: Number(at.port || 80) }, replica: 0, healthy: true }];
  }
  return found;
}
