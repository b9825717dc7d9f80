import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ClientTls } from '../../envoy/client-tls.ts';
import type { Address } from '../../envoy/node.ts';
import { UmbraError } from '../../mesh/errors.ts';
import { readAddress } from '../address.ts';
import type { Terminal } from '../terminal.ts';

export interface BootstrapRequest {
  readonly service: string;
  readonly replica: number;
  /** Where the management server listens. */
  readonly xds?: string;
  readonly admin: string;
  /** Paths of PEM files: mutual TLS to the management server. All or none. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  /** The name in the server's certificate; absent = the host of its address. */
  readonly tlsName?: string;
  /** Where the files are written by which Envoy subscribes to its certificates; absent = beside the certificate. */
  readonly tlsSds?: string;
}

/** How the request says that the management server is reached. @throws UmbraError UMB0803 */
function tlsOf(request: BootstrapRequest, xds: Address): ClientTls | undefined {
  const { tlsCert, tlsKey, tlsCa, tlsName, tlsSds } = request;
  const wrong = (what: string, remedy: string) => new UmbraError('UMB0803', what, { remedy });
  if (tlsCert === undefined || tlsKey === undefined || tlsCa === undefined) {
    if ([tlsCert, tlsKey, tlsCa, tlsName, tlsSds].every((given) => given === undefined)) return undefined;
    throw wrong('mutual TLS needs a certificate, its key and authorities', 'Give --tls-cert, --tls-key and --tls-ca.');
  }
  const serverName = tlsName ?? ('host' in xds ? xds.host : undefined);
  if (serverName === undefined)
    throw wrong('a Unix socket has no name to look for in the server’s certificate', 'Give it: --tls-name NAME.');
  const certificate = resolve(tlsCert);
  const secrets = resolve(tlsSds ?? dirname(certificate));
  return { certificate, key: resolve(tlsKey), authorities: resolve(tlsCa), serverName, secrets };
}

/**
 * Prints the bootstrap (JSON, which Envoy reads from a .json file) that joins a sidecar to a management server: `umbra xds`, or one of
 * the caller's own. That of `umbra up` serves the sidecars of its replicas and no others, so it is no default.
 * With TLS it writes two files as well, by which Envoy takes its certificates and takes them anew.
 */
export async function bootstrapCommand(request: BootstrapRequest, terminal: Terminal): Promise<number> {
  const { service, replica, admin, xds } = request;
  if (xds === undefined)
    throw new UmbraError('UMB0803', 'there is no management server to join without --xds', {
      remedy:
        'Give where `umbra xds` or a server of your own listens: --xds HOST:PORT. Under `umbra up` every replica has its sidecar, and no other is served.',
    });
  const { bootstrap } = await import('../../envoy/bootstrap.ts');
  const node = { id: `production/${service}/${replica}`, world: 'production', service, replica, outbound: [] } as const;
  const address = readAddress(xds);
  const tls = tlsOf(request, address);
  const made = bootstrap(node, { xds: address, admin: readAddress(admin), statsIntervalMs: 1000, tls });
  if (tls) {
    const { secretFiles } = await import('../../envoy/client-tls.ts');
    try {
      for (const [path, content] of secretFiles(tls)) writeFileSync(path, JSON.stringify(content, null, 2));
    } catch (error) {
      throw new UmbraError('UMB0803', (error as Error).message, {
        remedy: 'Name a folder that can be written to, and that Envoy will read: --tls-sds FOLDER.',
        cause: error,
      });
    }
  }
  terminal.out(JSON.stringify(made, null, 2));
  return 0;
}
