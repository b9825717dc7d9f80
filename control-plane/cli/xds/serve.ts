import { UmbraError } from '../../mesh/errors.ts';
import type { LoadReport, XdsLogger } from '../../standalone/index.ts';
import { createManagementServer, FileSource, wallClock, watchCredentials } from '../../standalone/index.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLogger, lineLogger } from './loggers.ts';
import type { MetricsPage } from './metrics.ts';
import { serveMetrics } from './metrics.ts';

export interface ServeOptions {
  readonly file: readonly string[];
  readonly listen: string;
  /** Where state is shown, where not at `listen`. */
  readonly inspect?: string;
  readonly elsewhere?: readonly string[];
  readonly plaintext?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  /** Clients that can are asked for load reports so often, ms. */
  readonly loadReports?: number;
  /** Where metrics and readiness are, `host:port`. */
  readonly metrics?: string;
  /** Only looks whether the files could be served. */
  readonly check?: boolean;
  readonly json?: boolean;
}

/** How long proxies are given to go elsewhere at the end, ms. */
const LEAVE_MS = 1000;

/** `umbra xds`: serves Envoy resources from files until it is stopped. @throws UmbraError */
export async function serve(terminal: Terminal, version: string, o: ServeOptions): Promise<number> {
  const logger = o.json ? jsonLogger(terminal) : lineLogger(terminal);
  if (o.check) return await check(terminal, o);
  const tls = await credentials(o, logger);
  using end = ending(terminal);
  const server = createManagementServer({
    logger,
    clock: wallClock,
    identifier: 'umbra xds',
    version,
    // The server has logged it.
    onAudit: () => {},
  });
  const source = new FileSource(server, {
    paths: o.file,
    elsewhere: o.elsewhere ?? [],
    clock: wallClock,
    logger,
  });
  let metrics: MetricsPage | undefined;
  try {
    const loaded = await source.load();
    server.on('ack', ({ nodeId, typeUrl, version: v }) =>
      logger.debug({ node: nodeId, type: typeUrl, version: v }, 'ack'),
    );
    if (o.loadReports !== undefined)
      server.on('load', (report) => logger.info({ node: report.nodeId }, loadText(report)));
    const anybody = () => undefined;
    const here = await server.listen({
      address: o.listen,
      scope: 'production',
      ...(tls ? { tls: tls.credentials } : {}),
      ...(o.plaintext ? { plaintext: 'anywhere' as const } : {}),
      // Certificates are proxies', and a proxy may not see the others.
      ...(tls || o.inspect !== undefined || o.plaintext ? {} : { inspect: anybody }),
      ...(o.loadReports === undefined ? {} : { loadReports: { intervalMs: o.loadReports } }),
    });
    logger.info({ ...loaded }, `serving on ${here.address}`);
    if (o.inspect !== undefined) {
      const there = await server.listen({ address: o.inspect, scope: 'production', inspect: anybody });
      logger.info({}, `state is shown on ${there.address}`);
    }
    if (o.metrics !== undefined) {
      metrics = await serveMetrics(server, o.metrics);
      logger.info({}, `metrics at ${metrics.url}/metrics, readiness at ${metrics.url}/ready`);
    }
    const watching = source.watch();
    await end.came;
    source.close();
    await watching;
    await server.drain(LEAVE_MS);
    return 0;
  } finally {
    source.close();
    tls?.close();
    await metrics?.close();
    await server.close();
  }
}

/** `umbra xds --check`: whether the files could be served. @throws UmbraError with all that is wrong */
async function check(terminal: Terminal, o: ServeOptions): Promise<number> {
  const silent = { info: () => {}, error: () => {} };
  const nobody = { set: () => {}, forget: () => {}, on: () => () => {} };
  const source = new FileSource(nobody, {
    paths: o.file,
    elsewhere: o.elsewhere ?? [],
    clock: wallClock,
    logger: silent,
  });
  const { files, resources } = await source.load();
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  terminal.out(`${count(resources, 'resource')} in ${count(files, 'file')} can be served`);
  return 0;
}

/** Ctrl-C, and what a service manager sends. */
function ending(terminal: Terminal): { came: Promise<void> } & Disposable {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  if (terminal.stop.aborted) end();
  terminal.stop.addEventListener('abort', end, { once: true });
  process.once('SIGTERM', end);
  return { came: promise, [Symbol.dispose]: () => process.off('SIGTERM', end) };
}

async function credentials(o: ServeOptions, logger: XdsLogger) {
  const { tlsCert: certificate, tlsKey: key, tlsCa: authorities } = o;
  if (certificate === undefined && key === undefined && authorities === undefined) return undefined;
  if (certificate === undefined || key === undefined || authorities === undefined)
    throw new UmbraError('UMB0308', 'of --tls-cert, --tls-key and --tls-ca some are missing', {
      remedy: 'Give all three: proxies prove who they are, and so does the server.',
    });
  return await watchCredentials({ certificate, key, authorities }, { clock: wallClock, logger });
}

function loadText({ nodeId, clusters }: LoadReport): string {
  const text = clusters.map((c) => `${c.cluster} ${c.issued} requests, ${c.errors} errors, ${c.dropped} dropped`);
  return `load of ${nodeId}: ${text.join('; ') || 'none'}`;
}
