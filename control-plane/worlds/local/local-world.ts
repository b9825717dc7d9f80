import { readFileSync } from 'node:fs';
import type { Documents } from '../../api/kinds/parse.ts';
import { topologyOf } from '../../api/kinds/topology.ts';
import { handedShare } from '../../envoy/sampled-filter.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { HealthyState } from '../../mesh/snapshot.ts';
import type { FaultableWorld, World } from '../../mesh/world.ts';
import { type ComparedRoute, comparedRoutes } from '../../shadow/mirror-routes.ts';
import type { Collector } from '../../telemetry/collector.ts';
import type { ManagementServer, XdsLogger } from '../../xds/index.ts';
import type { SupervisorClient } from './client.ts';
import { mockedExternals } from './external-modes.ts';
import { type LeaseStore, recoverLeases } from './lease-port.ts';
import { mirrorConfig, pseudonymKey } from './mirror-config.ts';
import { MirrorWatch } from './mirror-watch.ts';
import { productionWorld } from './production-world.ts';
import type { DeniedCounters, Description, LocalWorldName, MachineSample } from './protocol.ts';
import { startRecorder } from './sample-recorder.ts';
import { shadowWorld } from './shadow-world.ts';
import { WorldCore } from './world-core.ts';

export interface LocalWorldsOptions {
  readonly supervisor: SupervisorClient;
  readonly xds: ManagementServer;
  readonly collectors: { readonly production: Collector; readonly shadow?: Collector };
  readonly logger: XdsLogger;
  readonly clock: Clock;
  readonly store: LeaseStore;
  /** Production's healthy state as it is known now; its settings are kept above floors taken from it. Asked at each serving. */
  readonly healthy: () => HealthyState | undefined;
  /** Absolute paths of the built modules. */
  readonly filters: { readonly mirror: string; readonly chaos: string };
}

export interface LocalWorlds {
  readonly production: World;
  readonly shadow?: FaultableWorld;
  /** Attempts to leave the shadow, denied: `network`, `files`, `externals`. One that cannot be counted is missing, and a health note. */
  denied(): Readonly<Record<string, number>>;
  /** What was tried, the most often tried first. */
  deniedTargets(): DeniedCounters['targets'];
  isolation(): 'namespaces' | 'declared' | undefined;
  /** As the supervisor last told it. */
  machine(): MachineSample | undefined;
  /** Scales the declared share of mirrored traffic, 0..1; each change is a new configuration of the filter. */
  mirrorShare(share: number): void;
  /** Routes of which fidelity is a number, by the documents as they are now. */
  comparedRoutes(): readonly ComparedRoute[];
  /** Whether the mirror filter was last seen alive; false without a shadow. */
  mirrorAlive(): boolean;
  /** Stops serving; proxies keep what they have. */
  close(): Promise<void>;
}

/** Share of the answers of what is outside that is kept for the mocks. */
const SAMPLED_PERCENT = 5;

/**
 * Production and its shadow on this machine, over the supervisor's processes. Leases of before are in force again before
 * anything is served; faults of before are cleared. Rejects where the supervisor or a socket cannot be had.
 */
export async function createLocalWorlds(options: LocalWorldsOptions): Promise<LocalWorlds> {
  const { supervisor, xds, collectors, logger, clock, store } = options;
  const description = await supervisor.call('describe', {});
  const { documents } = description;
  const topology = topologyOf(documents.application);
  // For the whole run: another mode is no change that it follows.
  const mocked = mockedExternals(documents);
  const protectedPrefixes = (documents.application.spec.entry.protected ?? []).map((p) => p.pathPrefix);
  const mirroring = new Mirroring(description, clock);
  let denied: DeniedCounters | undefined;
  let machine: MachineSample | undefined;

  const { ids } = await supervisor.call('faults', {});
  // One that cannot be taken back now the supervisor tries again; production does not wait for its shadow.
  for (const id of ids)
    await supervisor
      .call('clearFault', { id })
      .catch((err) => logger.error({ err, fault: id }, 'a fault of before is not taken back yet'));

  const core = (name: LocalWorldName, collector: Collector): WorldCore => {
    const { kept, cleared } = recoverLeases(store, name, clock.now());
    if (kept.length + cleared.length > 0)
      logger.info({ world: name, kept: kept.length, cleared: cleared.length }, 'leases of before');
    return new WorldCore(
      {
        name,
        topology,
        clock,
        logger,
        xds,
        collector,
        supervisor,
        store,
        description: description[name]!,
        protectedPrefixes,
        filters: options.filters,
        ...(name === 'production'
          ? {
              mirror: () => mirroring.current(),
              healthy: options.healthy,
              notes: () => [
                ...(description.noShadow ? [`no shadow: ${description.noShadow}`] : []),
                ...mirroring.notes,
              ],
              ...(mocked.size > 0 && description.shadow
                ? { samples: { directory: description.paths.samples, percent: SAMPLED_PERCENT, externals: mocked } }
                : {}),
            }
          : { notes: () => uncounted(denied) }),
      },
      kept,
    );
  };
  const production = core('production', collectors.production);
  const shadow = description.shadow && collectors.shadow ? core('shadow', collectors.shadow) : undefined;
  const cores = { production, ...(shadow ? { shadow } : {}) };

  // Set before the sockets open, so that the first thing a proxy is served is all of it.
  supervisor.on('changed', (event) => cores[event.world]?.describe(event.description));
  supervisor.on('processes', ({ world, samples }) => collectors[world]?.processes(samples));
  supervisor.on('machine', (sample) => {
    machine = sample;
  });
  supervisor.on('denied', (counters) => {
    denied = counters;
  });
  const follow = (documents: Documents) => {
    if (mirroring.follow(documents)) production.serve();
  };
  supervisor.on('documents', (event) => follow(event.documents));
  const refresh = async () => {
    const now = await supervisor.call('describe', {});
    follow(now.documents);
    production.describe(now.production);
    if (now.shadow) shadow?.describe(now.shadow);
  };
  supervisor.onReconnect(() => void refresh().catch((err) => logger.error({ err }, 'the supervisor does not answer')));
  const production_ = productionWorld(production);
  const shadow_ = shadow ? shadowWorld(shadow) : undefined;
  production.start();
  shadow?.start();
  await refresh();
  for (const name of ['production', 'shadow'] as const) {
    const described = description[name];
    const collector = collectors[name];
    if (described && collector)
      await xds.listen({
        address: `unix:${described.xdsSocket}`,
        scope: name,
        services: [collector.service],
        // For `umbra xds` and istioctl: who reaches production's socket could be any of its proxies anyway.
        ...(name === 'production' ? { inspect: () => undefined } : {}),
      });
  }
  const watch = shadow
    ? new MirrorWatch({
        clock,
        collector: collectors.production,
        node: production.description.nodes.find((n) => n.ingress)!.id,
        share: () => {
          const config = mirroring.current()?.config;
          return config ? handedShare(config) : 0;
        },
        revive: () => {
          mirroring.renew();
          production.serve();
        },
        onNote: (note) => {
          mirroring.notes = note ? [note] : [];
          if (note) logger.warn({}, note);
        },
      })
    : undefined;
  const recorder = shadow
    ? startRecorder({
        directory: description.paths.samples,
        mocks: description.paths.mocks,
        externals: mocked,
        documents,
        clock,
        logger,
        keep: (external, answers) => supervisor.call('recorded', { external, answers }),
      })
    : undefined;

  return {
    production: production_,
    ...(shadow_ ? { shadow: shadow_ } : {}),
    denied: () =>
      Object.fromEntries(Object.entries(denied ?? {}).filter((e): e is [string, number] => typeof e[1] === 'number')),
    deniedTargets: () => denied?.targets ?? [],
    isolation: () => (description.shadow?.isolation === 'none' ? undefined : description.shadow?.isolation),
    machine: () => machine,
    mirrorShare(share) {
      if (mirroring.scale(share)) production.serve();
    },
    comparedRoutes: () => mirroring.comparedRoutes(),
    mirrorAlive: () => watch?.alive ?? false,
    async close() {
      watch?.close();
      await recorder?.close();
      production.close();
      shadow?.close();
    },
  };
}

function uncounted(denied: DeniedCounters | undefined): string[] {
  if (!denied) return [];
  const unknown = (['network', 'files'] as const).filter((what) => denied[what] === 'unknown');
  return unknown.map((what) => `attempts at production's ${what} are denied but not counted`);
}

/** What production's ingress copies, and how much of it just now. */
class Mirroring {
  notes: string[] = [];
  readonly #ingress: Description['shadowIngress'];
  readonly #key: string;
  #documents: Documents;
  #generation: number;
  #share = 1;

  constructor(description: Description, clock: Clock) {
    this.#ingress = description.shadowIngress;
    this.#documents = description.documents;
    // Rises over restarts as well: a proxy keeps what it was told last.
    this.#generation = Math.floor(clock.now() / 1000);
    let secret = description.runId;
    try {
      secret = readFileSync(description.paths.token, 'utf8');
    } catch {
      // Without a token file pseudonyms are stable for this run only.
    }
    this.#key = pseudonymKey(secret);
  }

  current() {
    if (!this.#ingress) return undefined;
    return { config: this.#config(this.#documents), ingress: this.#ingress };
  }

  comparedRoutes(): ComparedRoute[] {
    return comparedRoutes(this.#documents);
  }

  #config(documents: Documents) {
    return mirrorConfig({ documents, key: this.#key, generation: this.#generation, share: this.#share });
  }

  /** Whether other documents say another thing of what is copied. */
  follow(documents: Documents): boolean {
    const changed = JSON.stringify(this.#config(documents)) !== JSON.stringify(this.#config(this.#documents));
    this.#documents = documents;
    if (changed) this.renew();
    return changed;
  }

  renew(): void {
    this.#generation++;
  }

  /** Whether that is a change. */
  scale(share: number): boolean {
    const next = Math.min(1, Math.max(0, share));
    if (next === this.#share) return false;
    this.#share = next;
    this.renew();
    return true;
  }
}
