import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { productionData } from '../home.ts';
import { startProvider } from '../provider.ts';
import { PROVIDER } from '../services/service.ts';
import { type Balancer, startBalancer } from './balancer.ts';

const launcher = fileURLToPath(new URL('../replica.js', import.meta.url));
const RESTART_MS = 500;

interface Part {
  readonly replicas: number;
  readonly calls: Readonly<Record<string, { readonly timeoutMs: number; readonly retries: number }>>;
}

const call = (timeoutMs: number, retries = 0) => ({ timeoutMs, retries });
const parts: Readonly<Record<string, Part>> = {
  catalog: { replicas: 2, calls: {} },
  cart: { replicas: 1, calls: {} },
  inventory: { replicas: 1, calls: {} },
  payments: { replicas: 2, calls: { [PROVIDER]: call(1000) } },
  checkout: { replicas: 2, calls: { inventory: call(1000), payments: call(500, 2) } },
  storefront: { replicas: 2, calls: { catalog: call(1000), cart: call(1000), checkout: call(2000) } },
};

export interface BareShop {
  /** Where users enter. */
  readonly url: string;
  /** Pids of a service's replicas now, by replica. */
  pids(service: string): (number | undefined)[];
  stop(): Promise<void>;
}

/**
 * The shop as processes of its own without Umbra and without Envoy, its state under `home` as in production. A replica
 * that dies is started again. For tests, and to see what a trouble does with nobody there to heal it.
 */
export async function startBareShop(home: string): Promise<BareShop> {
  const provider = await startProvider();
  const balancers: Balancer[] = [];
  const children = new Map<string, ChildProcess>();
  const exits: Promise<void>[] = [];
  let stopping = false;

  const startReplica = async (service: string, replica: number, env: Record<string, string>, into: Balancer[]) => {
    const data = join(productionData(home, service), String(replica));
    mkdirSync(data, { recursive: true });
    const child = spawn(process.execPath, ['--max-old-space-size=128', launcher, service], {
      env: { ...process.env, PORT: '0', DATA: data, REPLICA: String(replica), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.set(`${service}/${replica}`, child);
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise<number>((resolve, reject) => {
      lines.once('line', (line) => resolve(Number(/listens on (\d+)/.exec(line)?.[1])));
      child.once('exit', (code) => reject(new Error(`${service} ended with ${code}`)));
    });
    for (const balancer of into) balancer.endpoints = [...balancer.endpoints, port];
    exits.push(
      new Promise((resolve) =>
        child.once('exit', () => {
          resolve();
          for (const balancer of into) balancer.endpoints = balancer.endpoints.filter((p) => p !== port);
          if (!stopping)
            setTimeout(() => stopping || startReplica(service, replica, env, into).catch(() => {}), RESTART_MS);
        }),
      ),
    );
  };

  const entry = await startBalancer(call(2500));
  const callers = new Map<string, Balancer[]>([['storefront', [entry]]]);
  const peers = new Map<string, Record<string, string>>();
  balancers.push(entry);
  for (const [service, part] of Object.entries(parts)) {
    const env: Record<string, string> = {};
    for (const [peer, options] of Object.entries(part.calls)) {
      const balancer = await startBalancer(options);
      balancers.push(balancer);
      callers.set(peer, [...(callers.get(peer) ?? []), balancer]);
      env[`URL_${peer.toUpperCase().replaceAll('-', '_')}`] = balancer.url;
    }
    peers.set(service, env);
  }
  for (const balancer of callers.get(PROVIDER) ?? []) balancer.endpoints = [provider.port];
  await Promise.all(
    Object.entries(parts).flatMap(([service, part]) =>
      Array.from({ length: part.replicas }, (_, n) =>
        startReplica(service, n, peers.get(service)!, callers.get(service)!),
      ),
    ),
  );
  return {
    url: entry.url,
    pids: (service) => [0, 1].map((n) => children.get(`${service}/${n}`)?.pid),
    stop: async () => {
      stopping = true;
      for (const child of children.values()) child.kill('SIGTERM');
      await Promise.all(exits);
      await Promise.all(balancers.map((balancer) => balancer.close()));
      await provider.close();
    },
  };
}
