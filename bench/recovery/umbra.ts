import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlaneStatus } from '../../control-plane/api/plane.ts';
import type { Lease } from '../../control-plane/mesh/lease.ts';
import type { Incident, OverrideOrder, Pattern } from '../../control-plane/mesh/record.ts';
import type { HealthyState } from '../../control-plane/mesh/snapshot.ts';
import type { Topology } from '../../control-plane/mesh/topology.ts';
import type { Ready } from '../../demo/home.ts';

/** The running Umbra, by its API, as an operator has it. */
export interface Umbra {
  status(): Promise<PlaneStatus>;
  topology(): Promise<Topology>;
  incidents(since: number): Promise<Incident[]>;
  leases(): Promise<Lease[]>;
  patterns(): Promise<Pattern[]>;
  order(order: OverrideOrder): Promise<string>;
  cancel(id: string): Promise<void>;
  cancelAll(): Promise<void>;
  decider(name: 'learned' | 'random'): Promise<void>;
}

export function umbraAt(ready: Ready): Umbra {
  const token = readFileSync(ready.tokenFile, 'utf8').trim();
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${ready.api}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  const umbra: Umbra = {
    status: () => ask('GET', '/status'),
    topology: () => ask('GET', '/topology'),
    incidents: (since) => ask('GET', `/incidents?limit=50&since=${Math.floor(since)}`),
    leases: () => ask('GET', '/worlds/production/leases'),
    patterns: () => ask('GET', '/patterns'),
    order: async (order) =>
      (
        await ask<{ id: string }>('POST', '/overrides', {
          order,
          by: 'bench',
          reason: 'recovery bench',
          ttlMs: 3_600_000,
        })
      ).id,
    cancel: (id) => ask('DELETE', `/overrides/${encodeURIComponent(id)}?by=bench`),
    cancelAll: async () => {
      for (const { id, order } of await ask<{ id: string; order: OverrideOrder }[]>('GET', '/overrides')) {
        if (order.type !== 'undo' && order.type !== 'approve') await umbra.cancel(id).catch(() => {});
      }
    },
    decider: (decider) => ask('PUT', '/decider', { decider, by: 'bench' }),
  };
  return umbra;
}

/**
 * Waits until production is as before any trouble: no open incident, no mitigation in force but `pinned` ones (others are
 * undone, as an operator would), for `seconds` in a row. @throws Error after two minutes
 */
export async function settle(umbra: Umbra, good: () => boolean, seconds: number, pinned = 0): Promise<void> {
  const deadline = Date.now() + 120_000;
  let calm = 0;
  while (calm < seconds) {
    if (Date.now() > deadline) throw new Error('production did not calm down within two minutes');
    const leases = await umbra.leases();
    const own = leases.filter((l) => l.owner !== 'operator');
    for (const lease of own) await umbra.order({ type: 'undo', lease: lease.id }).catch(() => {});
    const open = (await umbra.incidents(Date.now() - 600_000)).some(
      (i) => i.state !== 'recovered' && i.closedAt === undefined,
    );
    calm = own.length === 0 && leases.length - own.length >= pinned && !open && good() ? calm + 1 : 0;
    await sleep(1000);
  }
}

export type { HealthyState };
