import type { MirrorConfig } from '../../../filters/config.ts';
import { buildChecked } from '../../envoy/checked.ts';
import type { Address, ProxyNode, Sampling } from '../../envoy/node.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { FaultLease } from '../../mesh/lease.ts';
import type { MeshSettings } from '../../mesh/settings.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import type { ServiceId, Topology } from '../../mesh/topology.ts';
import type { ApplyResult } from '../../mesh/world.ts';
import type { ManagementServer, Resource } from '../../xds/index.ts';
import type { WorldDescription } from './protocol.ts';

/** How long proxies may take to acknowledge a change. */
const SETTLE_WITHIN_MS = 3000;

export interface ServeInput {
  readonly description: WorldDescription;
  readonly topology: Topology;
  readonly settings: MeshSettings;
  readonly faults: readonly FaultLease[];
  readonly protectedPrefixes: readonly string[];
  readonly filters: { readonly mirror: string; readonly chaos: string };
  readonly mirror?: MirrorConfig | undefined;
  readonly shadowIngress?: Address | undefined;
  readonly samples?: Sampling | undefined;
  /** Production's: its settings are kept above floors taken from it. */
  readonly healthy?: HealthyState | undefined;
}

/** Proxies that were given something else than before, with the revision that says so. */
export interface Served {
  readonly changed: ReadonlyMap<string, number>;
  /** Resources that were refused before they were served. */
  readonly refused: readonly string[];
  /** Why nothing is copied to the shadow although it is asked for: the mirror could not be built. */
  readonly unmirrored?: string;
}

/**
 * Among how many proxies of a caller a limit is divided: those whose service answers, and not all that are wanted. Before those
 * that are only coming take their share, what is live would be held below it, and below its floor.
 */
export function sharers({ endpoints }: Pick<WorldDescription, 'endpoints'>, caller: ServiceId): number {
  return Math.max(1, endpoints[caller]?.filter((e) => e.healthy).length ?? 1);
}

function resourcesOf(node: ProxyNode, input: ServeInput, mirror?: MirrorConfig): Resource[] {
  const { description } = input;
  return buildChecked({
    node,
    topology: input.topology,
    settings: input.settings,
    endpoints: description.endpoints,
    callerReplicas: sharers(description, node.service),
    faults: description.world === 'shadow' ? input.faults : [],
    ...(mirror ? { mirror } : {}),
    ...(node.ingress && input.shadowIngress && description.world === 'production'
      ? { shadowIngress: input.shadowIngress }
      : {}),
    filters: input.filters,
    protectedPrefixes: [...input.protectedPrefixes],
    ...(input.samples && description.world === 'production' ? { samples: input.samples } : {}),
    ...(input.healthy ? { healthy: input.healthy } : {}),
  });
}

/** Serves one world's proxies through the management server and waits for what they say. */
export class MeshServer {
  readonly #xds: ManagementServer;
  readonly #clock: Clock;
  readonly #revisions = new Map<string, number>();

  constructor(xds: ManagementServer, clock: Clock) {
    this.#xds = xds;
    this.#clock = clock;
  }

  /** Node ids served now, with their revisions. */
  get revisions(): ReadonlyMap<string, number> {
    return this.#revisions;
  }

  /**
   * Builds and sets every proxy's resources; production is not kept from its own by a mirror that cannot be built.
   * @throws UmbraError where another resource cannot be built; nothing was set then
   */
  serve(input: ServeInput): Served {
    const { description, mirror } = input;
    let unmirrored: string | undefined;
    const built = description.nodes.map((node) => {
      if (node.ingress && mirror && description.world === 'production')
        try {
          return { node, resources: resourcesOf(node, input, mirror) };
        } catch (e) {
          unmirrored = (e as Error).message;
        }
      return { node, resources: resourcesOf(node, input) };
    });
    const changed = new Map<string, number>();
    const refused: string[] = [];
    for (const { node, resources } of built) {
      const set = this.#xds.set(node.id, resources, { scope: node.world });
      for (const r of set.refused) refused.push(`${node.id} ${r.name}: ${r.reason}`);
      if (this.#revisions.get(node.id) !== set.revision) changed.set(node.id, set.revision);
      this.#revisions.set(node.id, set.revision);
    }
    const present = new Set(description.nodes.map((n) => n.id));
    for (const id of [...this.#revisions.keys()]) {
      if (present.has(id)) continue;
      this.#revisions.delete(id);
      this.#xds.forget(id);
    }
    return { changed, refused, ...(unmirrored === undefined ? {} : { unmirrored }) };
  }

  /**
   * Waits until the proxies of `changed` have acknowledged. One refusal refuses the whole; a proxy that is not there (its
   * replica is being restarted) is left out, unless none is there.
   */
  async settled(served: Served): Promise<ApplyResult> {
    if (served.refused.length > 0) return { state: 'refused', reason: served.refused.join('; ') };
    const end = new AbortController();
    const patience = new AbortController();
    this.#clock.sleep(SETTLE_WITHIN_MS, patience.signal).then(
      () => end.abort(),
      () => {},
    );
    const answers = await Promise.all(
      [...served.changed].map(async ([id, revision]) => ({
        id,
        ...(await this.#xds.settled(id, revision, end.signal)),
      })),
    );
    patience.abort();
    const nacked = answers.filter((a) => a.state === 'nacked');
    if (nacked.length > 0)
      return { state: 'refused', reason: nacked.map((a) => `${a.id}: ${a.detail ?? 'refused'}`).join('; ') };
    const acked = answers.filter((a) => a.state === 'acked');
    if (acked.length === 0 && answers.length > 0)
      return {
        state: 'refused',
        reason: `no proxy answered within ${SETTLE_WITHIN_MS / 1000} s: ${answers.map((a) => `${a.id} ${a.detail ?? 'absent'}`).join('; ')}`,
      };
    return {
      state: 'effective',
      at: Math.max(this.#clock.now(), ...acked.map((a) => a.at)),
      proxies: acked.map((a) => a.id),
    };
  }
}
