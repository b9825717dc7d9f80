import type { MirrorConfig } from '../../../filters/config.ts';
import type { Address, Sampling } from '../../envoy/node.ts';
import type { Clock } from '../../mesh/clock.ts';
import { baselineSettings, compose } from '../../mesh/compose.ts';
import type { FaultLease, Lease, MitigationLease } from '../../mesh/lease.ts';
import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';
import type { MeshSettings } from '../../mesh/settings.ts';
import type { HealthyState, Snapshot } from '../../mesh/snapshot.ts';
import type { ServiceId, Topology } from '../../mesh/topology.ts';
import type { ApplyResult, WorldHealth } from '../../mesh/world.ts';
import type { Collector } from '../../telemetry/collector.ts';
import type { ManagementServer, XdsLogger } from '../../xds/index.ts';
import type { SupervisorClient } from './client.ts';
import { everyWindow } from './every-window.ts';
import type { LeaseStore } from './lease-port.ts';
import { MeshServer, type Served } from './mesh-server.ts';
import type { LocalWorldName, WorldDescription } from './protocol.ts';
import { SnapshotFeed } from './snapshots.ts';

export interface WorldCoreOptions {
  readonly name: LocalWorldName;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly logger: XdsLogger;
  readonly xds: ManagementServer;
  readonly collector: Collector;
  readonly supervisor: SupervisorClient;
  readonly store: LeaseStore;
  readonly description: WorldDescription;
  readonly protectedPrefixes: readonly string[];
  readonly filters: { readonly mirror: string; readonly chaos: string };
  readonly samples?: Sampling | undefined;
  /** What to copy where; asked at each serving. */
  readonly mirror?: () => { config: MirrorConfig | undefined; ingress: Address } | undefined;
  /** The state that floors are taken from; asked at each serving. */
  readonly healthy?: () => HealthyState | undefined;
  /** More to say about this world's health. */
  readonly notes?: () => readonly string[];
}

const WINDOW_MS = 1000;
/** A proxy that has just been started is not yet a note. */
const CONNECT_WITHIN_MS = 5000;

/**
 * What both local worlds share: leases composed into settings, settings into resources, resources acknowledged by proxies; one
 * snapshot a second.
 */
export class WorldCore {
  readonly options: WorldCoreOptions;
  readonly #server: MeshServer;
  readonly #leases = new Map<string, Lease>();
  readonly #timers = new Map<string, AbortController>();
  readonly #feed = new SnapshotFeed();
  readonly #seen = new Map<string, number>();
  readonly #end = new AbortController();
  readonly #wantedReplicas = new Map<ServiceId, number>();
  #description: WorldDescription;
  #problem: string | undefined;
  #unmirrored: string | undefined;

  constructor(options: WorldCoreOptions, leases: readonly Lease[]) {
    this.options = options;
    this.#description = options.description;
    this.#server = new MeshServer(options.xds, options.clock);
    for (const lease of leases) this.#leases.set(lease.id, lease);
  }

  get description(): WorldDescription {
    return this.#description;
  }
  leases(): readonly Lease[] {
    return [...this.#leases.values()];
  }
  latest(): Snapshot | undefined {
    return this.#feed.latest;
  }
  observe(signal?: AbortSignal): AsyncIterable<Snapshot> {
    return this.#feed.read(signal);
  }

  /** First serving, with the leases of before already in it; then windows once a second. */
  start(): void {
    this.describe(this.#description);
    for (const lease of this.#leases.values()) this.#expire(lease);
    const { clock, collector } = this.options;
    void everyWindow(clock, WINDOW_MS, this.#end.signal, () => {
      this.#feed.push(collector.tick());
      return this.#sinceEntryPushed();
    });
  }

  /** How long ago the proxy that users enter by pushed, ms. */
  #sinceEntryPushed(): number | undefined {
    const { clock, collector } = this.options;
    const entry = this.#description.nodes.find((node) => node.ingress);
    const heardAt = entry && collector.heardAt(entry.id);
    return heardAt === undefined ? undefined : clock.now() - heardAt;
  }

  /** The supervisor says that nodes, endpoints or counts are others now. */
  describe(description: WorldDescription): void {
    this.#description = description;
    const now = this.options.clock.now();
    for (const node of description.nodes) if (!this.#seen.has(node.id)) this.#seen.set(node.id, now);
    this.options.collector.expect(description.nodes, description.replicas);
    this.serve();
    void this.#scale();
  }

  settings(): MeshSettings {
    const { topology } = this.options;
    const baseline = baselineSettings(topology);
    const services = { ...baseline.services };
    for (const [service, replicas] of Object.entries(this.#description.atRest)) services[service] = { replicas };
    return compose(topology, { edges: baseline.edges, services }, this.leases());
  }

  /** Builds and sets everything anew. A failure leaves what was served in place and is a note. */
  serve(): Served {
    const { options } = this;
    const mirror = options.mirror?.();
    try {
      const served = this.#server.serve({
        description: this.#description,
        topology: options.topology,
        settings: this.settings(),
        faults: this.leases().filter((l): l is FaultLease => l.type === 'fault'),
        protectedPrefixes: options.protectedPrefixes,
        filters: options.filters,
        mirror: mirror?.config,
        shadowIngress: mirror?.ingress,
        samples: options.samples,
        healthy: options.healthy?.(),
      });
      this.#problem = served.refused.length > 0 ? served.refused.join('; ') : undefined;
      if (served.unmirrored !== undefined && served.unmirrored !== this.#unmirrored)
        options.logger.error(
          { reason: served.unmirrored },
          'nothing is copied to the shadow: the mirror cannot be built',
        );
      this.#unmirrored = served.unmirrored;
      return served;
    } catch (e) {
      this.#problem = (e as Error).message;
      options.logger.error({ err: e, world: options.name }, 'resources could not be built; what was served stays');
      return { changed: new Map(), refused: [this.#problem] };
    }
  }

  settled(served: Served): Promise<ApplyResult> {
    return this.#server.settled(served);
  }

  async apply(lease: MitigationLease): Promise<ApplyResult> {
    const { clock } = this.options;
    if (lease.expiresAt <= clock.now()) return { state: 'refused', reason: 'it has expired' };
    this.put(lease);
    const result =
      'service' in lease.setting ? await this.#applyScale(lease.setting.service) : await this.settled(this.serve());
    if (result.state === 'refused') await this.remove(lease.id);
    return result;
  }

  /** Takes the lease in and starts its clock. */
  put(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    this.options.store.leases(this.options.name).put(lease);
    this.#expire(lease);
  }

  async remove(id: string): Promise<void> {
    const lease = this.take(id);
    if (!lease) return;
    if (lease.type === 'mitigation' && 'service' in lease.setting) await this.#scale();
    await this.settled(this.serve());
  }

  renew(id: string, expiresAt: number): void {
    const lease = this.#leases.get(id);
    if (lease?.type === 'mitigation') this.put({ ...lease, expiresAt });
  }

  /** Forgets a lease without serving; undefined where there is none. */
  take(id: string): Lease | undefined {
    const lease = this.#leases.get(id);
    if (!lease) return undefined;
    this.#leases.delete(id);
    this.#timers.get(id)?.abort();
    this.#timers.delete(id);
    this.options.store.leases(this.options.name).delete(id);
    return lease;
  }

  /** Told when a lease ends by itself; default: {@link remove}. */
  onExpired: (lease: Lease) => Promise<void> = (lease) => this.remove(lease.id);

  #expire(lease: Lease): void {
    this.#timers.get(lease.id)?.abort();
    const timer = new AbortController();
    this.#timers.set(lease.id, timer);
    const left = Math.max(0, lease.expiresAt - this.options.clock.now());
    this.options.clock.sleep(left, timer.signal).then(
      () =>
        this.onExpired(lease).catch((err) =>
          this.options.logger.error({ err, lease: lease.id }, 'a lease could not be ended'),
        ),
      () => {},
    );
  }

  async #applyScale(service: ServiceId): Promise<ApplyResult> {
    const problem = await this.#scale();
    if (problem) return { state: 'refused', reason: problem };
    // The supervisor's description came before its answer; callers have been served the new endpoints.
    const wanted = this.settings().services[service]?.replicas ?? 0;
    const endpoints = this.#description.endpoints[service]?.filter((e) => e.healthy).length ?? 0;
    if (endpoints < wanted)
      return { state: 'refused', reason: `${endpoints} of ${wanted} replicas of ${service} answer` };
    return this.settled({ changed: this.#server.revisions, refused: [] });
  }

  /** Asks the supervisor for the replicas that the leases add up to. Returns what went wrong. */
  async #scale(): Promise<string | undefined> {
    const { supervisor, name, logger } = this.options;
    const problems: string[] = [];
    for (const [service, { replicas }] of Object.entries(this.settings().services)) {
      const now = this.#wantedReplicas.get(service) ?? this.#description.replicas[service];
      if (now === undefined || now === replicas) continue;
      this.#wantedReplicas.set(service, replicas);
      try {
        const { problem } = await supervisor.call('scale', { world: name, service, replicas });
        if (problem) problems.push(problem);
      } catch (e) {
        problems.push((e as Error).message);
      } finally {
        if (this.#wantedReplicas.get(service) === replicas) this.#wantedReplicas.delete(service);
      }
    }
    for (const problem of problems) logger.warn({ world: name, problem }, 'scaling failed');
    return problems.length > 0 ? problems.join('; ') : undefined;
  }

  /** Kinds that apply to this application, with the reason of those that do not. */
  mitigations(): { possible: Set<MitigationKind>; missing: Record<string, string> } {
    const { topology } = this.options;
    const services = Object.values(topology.services).filter((s) => !s.external);
    const missing: Record<string, string> = {};
    if (!services.some((s) => s.maxReplicas > s.replicas))
      missing.scale = 'no service declares scale.max above its replicas';
    if (!services.some((s) => s.failover !== undefined)) missing.failover = 'no service declares a failover';
    const possible = new Set((Object.keys(mitigationKinds) as MitigationKind[]).filter((k) => !(k in missing)));
    return { possible, missing };
  }

  health(): WorldHealth {
    const { xds, clock, name } = this.options;
    const notes = [...this.#description.notes, ...(this.options.notes?.() ?? [])];
    if (this.#problem) notes.push(`resources: ${this.#problem}`);
    if (this.#unmirrored) notes.push(`nothing is copied to the shadow: ${this.#unmirrored}`);
    const connected = new Set<string>();
    for (const status of xds.status()) {
      if (status.connected) connected.add(status.nodeId);
      if (!status.nodeId.startsWith(`${name}/`)) continue;
      for (const type of status.types)
        for (const [resource, problem] of Object.entries(type.problems))
          notes.push(`${status.nodeId} ${type.type} ${resource}: ${problem}`);
    }
    const now = clock.now();
    const absent = this.#description.nodes.filter((n) => !connected.has(n.id));
    const late = absent.filter((n) => now - (this.#seen.get(n.id) ?? now) > CONNECT_WITHIN_MS);
    if (late.length > 0) notes.push(`not connected: ${late.map((n) => n.id).join(', ')}`);
    const entry = this.#description.nodes.find((n) => n.ingress);
    return { ready: this.#feed.latest !== undefined && entry !== undefined && connected.has(entry.id), notes };
  }

  close(): void {
    this.#end.abort();
    for (const timer of this.#timers.values()) timer.abort();
    this.#feed.end();
  }
}
