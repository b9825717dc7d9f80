import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UmbraError } from '../../mesh/errors.ts';
import { createXdsMetrics, type ManagementServer } from '../../standalone/index.ts';
import { readAddress } from '../address.ts';

/** A page of metrics for Prometheus, and of readiness: 200 while nodes are served, 503 otherwise. */
export interface MetricsPage {
  /** Where it is: `http://127.0.0.1:9090`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Offers /metrics and /ready at `host:port`. Errors: UMB0401 where something listens there already, UMB0803 for what is no such address or may not be had. */
export async function serveMetrics(server: ManagementServer, address: string): Promise<MetricsPage> {
  const where = readAddress(address);
  if ('pipe' in where)
    throw new UmbraError('UMB0803', `${address}: metrics are asked for by HTTP`, { remedy: 'Give host:port.' });
  const { host, port } = where;
  const metrics = createXdsMetrics(server);
  const http = createServer(async ({ url }, response) => {
    if (url === '/ready') response.writeHead(server.ready ? 200 : 503).end(server.ready ? 'ready\n' : 'not ready\n');
    else if (url === '/metrics') {
      response.setHeader('content-type', metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    } else response.writeHead(404).end('/metrics, /ready\n');
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause) => reject(cannotListen(address, cause)));
    http.listen(port, host, resolve);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        metrics.close();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function cannotListen(address: string, cause: NodeJS.ErrnoException): UmbraError {
  const what = `${address}: ${cause.message}`;
  if (cause.code === 'EADDRINUSE') return new UmbraError('UMB0401', what, { cause });
  return new UmbraError('UMB0803', what, {
    cause,
    remedy: 'Give an address of this machine, and a port that this user may listen on: --metrics HOST:PORT.',
  });
}
