import type { PlaneStatus } from '../../api/plane.ts';
import type { Address } from '../../envoy/node.ts';
import { UmbraError } from '../../mesh/errors.ts';
import type { Topology } from '../../mesh/topology.ts';
import type { Client } from '../client.ts';
import type { Terminal } from '../terminal.ts';

export interface BootstrapRequest {
  readonly service: string;
  readonly replica: number;
  /** Where the management server listens; absent = ask the API. */
  readonly xds?: string;
  readonly admin: string;
}

/** `unix:/path`, `/path` or `host:port`. @throws UmbraError UMB0803 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) return { pipe: text.slice('unix:'.length) };
  if (text.startsWith('/')) return { pipe: text };
  const found = /^(\[[0-9a-f:]+\]|[^:]+):(\d{1,5})$/i.exec(text);
  if (!found || Number(found[2]) > 65_535) {
    throw new UmbraError('UMB0803', `${JSON.stringify(text)} is no address`, {
      remedy: 'Give unix:/path or host:port.',
    });
  }
  return { host: found[1]!.replace(/^\[|\]$/g, ''), port: Number(found[2]) };
}

/** Prints the bootstrap (JSON, which Envoy reads from a .json file) that joins a sidecar of production to the management server. */
export async function bootstrapCommand(
  request: BootstrapRequest,
  client: () => Client,
  terminal: Terminal,
): Promise<number> {
  const { service, replica, admin } = request;
  let { xds } = request;
  if (xds === undefined) {
    const [status, topology] = await Promise.all([
      client().get<PlaneStatus>('/status'),
      client().get<Topology>('/topology'),
    ]);
    const own = Object.values(topology.services).filter((s) => !s.external);
    if (service !== 'ingress' && !own.some((s) => s.id === service)) {
      throw new UmbraError('UMB0804', `there is no service ${service}`, {
        remedy: `There are ${own.map((s) => s.id).join(', ')} and ingress.`,
      });
    }
    xds = status.xds.address;
    if (xds === undefined) {
      throw new UmbraError('UMB0804', 'the control plane tells no address for sidecars', {
        remedy: 'Give it: --xds unix:/path.',
      });
    }
  }
  const { bootstrap } = await import('../../envoy/bootstrap.ts');
  const node = { id: `production/${service}/${replica}`, world: 'production', service, replica, outbound: [] } as const;
  const made = bootstrap(node, { xds: parseAddress(xds), admin: parseAddress(admin), statsIntervalMs: 1000 });
  terminal.out(JSON.stringify(made, null, 2));
  return 0;
}
