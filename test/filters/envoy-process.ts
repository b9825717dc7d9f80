import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Envoy's binary: ENVOY_BIN, then PATH, then the cache that Umbra installs into; undefined if there is none. */
export function findEnvoy(): string | undefined {
  const places = [
    process.env.ENVOY_BIN,
    ...(process.env.PATH ?? '').split(delimiter).map((p) => join(p, 'envoy')),
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'umbra', 'envoy-1.40.0', 'envoy', '_bin', 'envoy'),
  ];
  return places.find((p) => {
    if (!p) return false;
    try {
      accessSync(p, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A running Envoy with a static configuration, its ports chosen by the kernel. */
export interface RunningEnvoy {
  readonly admin: number;
  /** Port of each listener by its name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly pid: number;
  /** Values of counters and gauges whose name has the text in it. */
  stats(part: string): Promise<Record<string, number>>;
  log(): string;
  stop(): Promise<void>;
}

export function httpGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (res) => {
      let body = '';
      res.setEncoding('utf8');
      res.on('data', (chunk) => {
        body += chunk;
      });
      res.on('end', () => resolve(body));
      res.on('error', reject);
    }).on('error', reject);
  });
}

const quiet = ['--component-log-level', 'misc:error,main:error'];

/**
 * Starts Envoy and resolves when its listeners accept; rejects with the end of its log if it does not come up.
 * @param more options
 * @param env variables beside those of this process
 */
export async function startEnvoy(
  bin: string,
  config: object,
  more: readonly string[] = quiet,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningEnvoy> {
  const dir = mkdtempSync(join(tmpdir(), 'umbra-filters-'));
  const configPath = join(dir, 'envoy.json');
  const adminPath = join(dir, 'admin');
  writeFileSync(configPath, JSON.stringify(config));
  let log = '';
  const child: ChildProcess = spawn(
    bin,
    [
      '-c',
      configPath,
      '--concurrency',
      '1',
      '--use-dynamic-base-id',
      '--admin-address-path',
      adminPath,
      '-l',
      'warning',
      ...more,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  );
  const exited = once(child, 'exit');
  const collect = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-64_000);
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const admin = await poll(child, () => {
      const address = readFileSync(adminPath, 'utf8');
      const port = Number(address.slice(address.lastIndexOf(':') + 1));
      return port > 0 ? Promise.resolve(port) : Promise.reject(new Error('no admin address'));
    });
    await poll(child, async () => {
      if ((await httpGet(admin, '/ready')).trim() !== 'LIVE') throw new Error('not ready');
    });
    const listeners = JSON.parse(await httpGet(admin, '/listeners?format=json')) as {
      listener_statuses?: { name: string; local_address: { socket_address?: { port_value: number } } }[];
    };
    const ports = Object.fromEntries(
      (listeners.listener_statuses ?? []).flatMap((l) => {
        const port = l.local_address.socket_address?.port_value;
        return port ? [[l.name, port]] : [];
      }),
    );
    return {
      admin,
      ports,
      pid: child.pid!,
      log: () => log,
      stop,
      async stats(part) {
        const text = await httpGet(admin, `/stats?filter=${encodeURIComponent(part)}`);
        return Object.fromEntries(
          [...text.matchAll(/^(\S+): (\d+)$/gm)].map((m) => [m[1]!.replace(/^wasmcustom\./, ''), Number(m[2])]),
        );
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`Envoy did not start: ${String(error)}\n${log.slice(-4000)}`, { cause: error });
  }
}

/** Tries again every 20 ms while the process lives, a minute and more. */
async function poll<T>(child: ChildProcess, probe: () => Promise<T>): Promise<T> {
  let last: unknown;
  for (let i = 0; i < 3000; i++) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`exited ${child.exitCode ?? child.signalCode}`);
    try {
      return await probe();
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw last;
}

/** A static cluster of one local port. `http2` for gRPC upstreams. */
export function cluster(name: string, port: number): Record<string, unknown> {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '60s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
      ],
    },
  };
}

/** A listener on a port of the kernel's choice that sends everything to one cluster through the given HTTP filters. */
export function listener(
  name: string,
  to: string,
  httpFilters: unknown[],
  route: object = {},
): Record<string, unknown> {
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: name,
              codec_type: 'AUTO',
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [{ match: { prefix: '/' }, route: { cluster: to, ...route } }],
                  },
                ],
              },
              http_filters: [
                ...httpFilters,
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

export function bootstrap(listeners: unknown[], clusters: unknown[]): Record<string, unknown> {
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: { listeners, clusters },
  };
}
