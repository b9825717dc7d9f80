import { cpus } from 'node:os';
import { ASYNC_RESPONSE_LIMIT } from '../../control-plane/envoy/bootstrap.ts';
import { bootstrap, cluster, findEnvoy, type RunningEnvoy, startEnvoy } from '../../test/filters/envoy-process.ts';
import { cpuMicros, pin } from '../lib/process.ts';
import type { HttpFilter } from './http-filters.ts';

const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = {
  name: 'router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/** Answered by Envoy itself: nothing but the filters and the connection manager costs. */
export const direct = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }];
/** Sent on to the upstream, with more of a route action. */
export const proxied = (route: object = {}) => [{ match: { prefix: '/' }, route: { cluster: 'production', ...route } }];

/** One way of doing a case: a listener of its own. */
export interface Contender {
  readonly name: string;
  readonly filters?: readonly HttpFilter[];
  /** Default: {@link direct}. */
  readonly routes?: readonly object[];
}

function listener({ name, filters = [], routes = direct }: Contender): object {
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'hcm',
            typed_config: {
              '@type': HCM,
              stat_prefix: 'bench',
              http2_protocol_options: { max_concurrent_streams: 2000 },
              route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
              http_filters: [...filters, ROUTER],
            },
          },
        ],
      },
    ],
  };
}

/** The limits are out of the way: what is measured is cost, not protection. */
const UNLIMITED = {
  connect_timeout: '60s',
  circuit_breakers: {
    thresholds: [{ max_connections: 65_536, max_pending_requests: 65_536, max_requests: 65_536 }],
  },
};
const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** As the bootstraps of our proxies have it. */
const RUNTIME = { 'http.async_response_buffer_limit': ASYNC_RESPONSE_LIMIT };

export interface Upstream {
  readonly name: string;
  readonly port: number;
  readonly http2?: boolean;
}

const LAST = cpus().length - 1;

/** Keeps a process off the CPU that proxies have for themselves; nothing where there is one CPU only, or no way to. */
export function keepOffProxies(pid: number): void {
  if (LAST > 0) pin(pid, `0-${LAST - 1}`);
}

/** One Envoy with one worker; every contender is a listener in it. */
export interface Envoy {
  readonly envoy: RunningEnvoy;
  port(contender: string): number;
  /** CPU time so far, µs. */
  cpu(): number;
  stop(): Promise<void>;
}

/**
 * Starts it, on the last CPU where there are several; this process (load and upstreams) keeps off that one. Rejects if there is
 * no Envoy or it does not take the configuration.
 * @param clusters more of them, in Envoy's JSON, with limits of their own
 * @param env variables for it
 */
export async function startProxy(
  contenders: readonly Contender[],
  upstreams: readonly Upstream[],
  clusters: readonly object[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Envoy> {
  const bin = findEnvoy();
  if (!bin) throw new Error('no Envoy: set ENVOY_BIN, or run node scripts/envoy-path.ts');
  const unlimited = upstreams.map((u) => ({ ...cluster(u.name, u.port), ...UNLIMITED, ...(u.http2 ? HTTP2 : {}) }));
  const config = {
    ...bootstrap(contenders.map(listener), [...unlimited, ...clusters]),
    layered_runtime: { layers: [{ name: 'static', static_layer: RUNTIME }] },
  };
  const envoy = await startEnvoy(bin, config, undefined, env);
  // However this process ends, Envoy does not outlive it.
  const kill = () => process.kill(envoy.pid);
  process.once('exit', kill);
  if (LAST > 0 && pin(envoy.pid, String(LAST))) keepOffProxies(process.pid);
  return {
    envoy,
    port(contender) {
      const port = envoy.ports[contender];
      if (port === undefined) throw new Error(`Envoy has no listener for ${contender}: ${envoy.log()}`);
      return port;
    },
    cpu: () => cpuMicros(envoy.pid),
    stop: () => {
      process.removeListener('exit', kill);
      return envoy.stop();
    },
  };
}
