import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run } from '../../control-plane/cli/run.ts';
import { paint } from '../../control-plane/cli/text/words.ts';
import { wallClock } from '../../control-plane/mesh/clock.ts';

const TYPES = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  routes: 'envoy.config.route.v3.RouteConfiguration',
  listener: 'envoy.config.listener.v3.Listener',
  hcm: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  router: 'envoy.extensions.filters.http.router.v3.Router',
  extension: 'envoy.config.core.v3.TypedExtensionConfig',
  runtime: 'envoy.service.runtime.v3.Runtime',
  scope: 'envoy.config.route.v3.ScopedRouteConfiguration',
  virtualHost: 'envoy.config.route.v3.VirtualHost',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  tls: 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  wrapper: 'envoy.service.discovery.v3.Resource',
} as const;

/** A resource, or anything else with a type, as a file has it. */
export const typed = (type: keyof typeof TYPES, fields: object): object => ({
  '@type': `type.googleapis.com/${TYPES[type]}`,
  ...fields,
});
export const ads = { ads: {}, resource_api_version: 'V3' };

/** A cluster with its endpoints by EDS. */
export const clusterTo = (name: string, port: number, more: object = {}): object[] => [
  typed('cluster', { name, type: 'EDS', connect_timeout: '1s', eds_cluster_config: { eds_config: ads }, ...more }),
  typed('endpoints', {
    cluster_name: name,
    endpoints: [
      { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
    ],
  }),
];

export const routesTo = (cluster: string): object =>
  typed('routes', { name: 'routes', virtual_hosts: [hostTo(cluster)] });
export const hostTo = (cluster: string): object => ({
  name: 'all',
  domains: ['*'],
  routes: [{ match: { prefix: '/' }, route: { cluster } }],
});

/** A listener on a port of the kernel's choice. */
export const listener = (hcm: object, name = 'in', chain: object = {}): object =>
  typed('listener', {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      { filters: [{ name: 'hcm', typed_config: typed('hcm', { stat_prefix: name, ...hcm }) }], ...chain },
    ],
  });
export const rds = { rds: { route_config_name: 'routes', config_source: ads } };
export const router = { http_filters: [{ name: 'router', typed_config: typed('router', {}) }] };

/** A command line with its output as lines; they can be waited for. */
class Running {
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly stop = new AbortController();
  readonly code: Promise<number>;
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[]) {
    const add = (to: string[]) => (text: string) => {
      to.push(...text.split('\n'));
      for (const look of this.#waiting) look();
    };
    const terminal = {
      env: {},
      stop: this.stop.signal,
      user: 'carol',
      paint: paint(false),
      now: () => wallClock.now(),
      out: add(this.lines),
      err: add(this.errors),
    };
    this.code = run(args, terminal, '9.9.9');
  }

  /** The first line that fits, from the `from`th on. */
  line(pattern: RegExp, from = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.lines.slice(from).find((l) => pattern.test(l));
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
      this.code.then(
        (code) => reject(new Error(`ended with ${code}: ${[...this.lines, ...this.errors].join('\n')}`)),
        reject,
      );
    });
  }
}

/** Runs a command to its end. */
export async function umbra(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const running = new Running(args);
  return { code: await running.code, out: running.lines.join('\n'), err: running.errors.join('\n') };
}

/** `umbra xds` with files of its own; stopped and removed with the test. */
export async function standalone(t: TestContext, documents: readonly object[], more: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-xds-'));
  const file = join(folder, 'resources.yaml');
  // YAML is a superset of JSON; a document a line keeps lines predictable.
  const write = (documents: readonly object[]) => {
    writeFileSync(`${file}.new`, documents.map((d) => `${JSON.stringify(d)}\n`).join('---\n'));
    renameSync(`${file}.new`, file);
  };
  write(documents);
  const server = new Running(['xds', '-f', file, '--listen', '127.0.0.1:0', ...more]);
  t.after(async () => {
    server.stop.abort();
    await server.code;
    rmSync(folder, { recursive: true, force: true });
  });
  const address = /serving on (\S+)/.exec(await server.line(/serving on /))![1]!;
  return { folder, file, write, server, address };
}
