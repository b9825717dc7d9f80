import { join } from 'node:path';
import { topologyOf } from '../api/kinds/topology.ts';
import { assets } from '../assets.ts';
import type { Clock } from '../mesh/clock.ts';
import type { HealthyState } from '../mesh/snapshot.ts';
import type { Topology } from '../mesh/topology.ts';
import { type Collector, createCollector } from '../telemetry/collector.ts';
import { SupervisorClient } from '../worlds/local/client.ts';
import type { LeaseStore } from '../worlds/local/lease-port.ts';
import { createLocalWorlds, type LocalWorlds } from '../worlds/local/local-world.ts';
import type { Description } from '../worlds/local/protocol.ts';
import {
  createManagementServer,
  type ManagementServer,
  type ManagementServerOptions,
  type XdsLogger,
} from '../xds/index.ts';

/** What a control plane has to say to a supervisor before it serves anything. */
export interface Connection {
  readonly supervisor: SupervisorClient;
  readonly description: Description;
  readonly topology: Topology;
}

/** Both worlds of a supervisor's run, served. */
export interface Local extends Connection {
  readonly xds: ManagementServer;
  readonly collectors: { readonly production: Collector; readonly shadow?: Collector };
  readonly worlds: LocalWorlds;
  /** Stops serving, then the server, then the connection; proxies keep what they have. */
  close(): Promise<void>;
}

/** Connects to the supervisor of the run in `directory`. Rejects where none listens there. */
export async function connectLocal(directory: string): Promise<Connection> {
  const supervisor = await SupervisorClient.connect(join(directory, 'supervisor.sock'));
  const description = await supervisor.call('describe', {});
  return { supervisor, description, topology: topologyOf(description.documents.application) };
}

/** Serves the run's worlds: management server, a collector each, leases of before in force again. */
export async function serveLocal(
  connection: Connection,
  options: {
    readonly logger: XdsLogger;
    readonly clock: Clock;
    readonly store: LeaseStore;
    readonly identifier: string;
    readonly onAudit: NonNullable<ManagementServerOptions['onAudit']>;
    /** Production's healthy state as it is known now; its settings are kept above floors taken from it. */
    readonly healthy: () => HealthyState | undefined;
  },
): Promise<Local> {
  const { supervisor, description, topology } = connection;
  const { logger, clock, store } = options;
  const xds = createManagementServer({ logger, clock, identifier: options.identifier, onAudit: options.onAudit });
  const collectors = {
    production: createCollector({ world: 'production', topology, clock }),
    ...(description.shadow ? { shadow: createCollector({ world: 'shadow', topology, clock }) } : {}),
  };
  const worlds = await createLocalWorlds({
    supervisor,
    xds,
    collectors,
    logger,
    clock,
    store,
    healthy: options.healthy,
    filters: { mirror: assets.mirrorWasm, chaos: assets.chaosWasm },
  });
  return {
    ...connection,
    xds,
    collectors,
    worlds,
    async close() {
      await worlds.close();
      await xds.close();
      supervisor.close();
    },
  };
}
