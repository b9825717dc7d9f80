import { dirname, isAbsolute, resolve } from 'node:path';
import type { ServiceSpec } from '../../../api/kinds/application.ts';
import type { Documents } from '../../../api/kinds/parse.ts';
import { bytes } from '../../../api/kinds/scalars.ts';
import type { Address, ProxyNode } from '../../../envoy/node.ts';
import { INGRESS, type ServiceId } from '../../../mesh/topology.ts';
import type { LocalWorldName } from '../protocol.ts';
import { type HealthCheck, healthCheckOf } from './health-check.ts';
import { fillTemplate } from './template.ts';

const HOST = '127.0.0.1';
/** Every process of a run carries its id in its environment under this name. */
export const RUN_ID_VARIABLE = 'UMBRA_RUN_ID';

/** Ports of one replica: its application's, its sidecar's inbound listener's, and one per callee. */
export interface ReplicaPorts {
  readonly app: number;
  readonly inbound: number;
  readonly outbound: Readonly<Record<ServiceId, number>>;
}

/** Everything needed to start one replica and its sidecar. */
export interface ReplicaPlan {
  readonly world: LocalWorldName;
  readonly service: ServiceId;
  readonly replica: number;
  readonly ports: ReplicaPorts;
  readonly node: ProxyNode;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly data: string;
  /** As the document says; another one is another deployment. */
  readonly version: string;
  readonly health: HealthCheck;
  /** Cores and bytes; 0 = no limit. */
  readonly cpuLimit: number;
  readonly memoryLimit: number;
}

const tcp = (port: number): Address => ({ host: HOST, port });

/** Names that look like credentials: what the shadow does not inherit unless its document names it. */
const credential = /SECRET|TOKEN|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY/i;

/**
 * Environment a replica inherits. Production's replicas get what `umbra up` was started with; the shadow's lack what any
 * service calls a secret (they can read each other's) and what looks like a credential, unless the Shadow names it.
 */
export function inheritedEnv(
  world: LocalWorldName,
  { application, shadow }: Documents,
  from: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const secrets = Object.values(application.spec.services).flatMap((service) => service.secrets ?? []);
  const allowed = shadow?.spec.secrets ?? [];
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || (name.startsWith('UMBRA_') && name !== RUN_ID_VARIABLE)) continue;
    if (world === 'shadow' && !allowed.includes(name) && (secrets.includes(name) || credential.test(name))) continue;
    env[name] = value;
  }
  return env;
}

/** What a replica is started with, from the document and its ports. Pure. */
export function planReplica(input: {
  readonly world: LocalWorldName;
  readonly service: ServiceId;
  readonly replica: number;
  readonly spec: ServiceSpec;
  readonly documents: Documents;
  readonly file: string;
  readonly ports: ReplicaPorts;
  readonly data: string;
  readonly inherited: Readonly<Record<string, string>>;
}): ReplicaPlan {
  const { world, service, replica, spec, documents, ports, data } = input;
  const callees = Object.keys(spec.calls ?? {});
  const url = Object.fromEntries(callees.map((c) => [c, `http://${HOST}:${ports.outbound[c]}`]));
  const values = { port: ports.app, replica, data, url };
  const allowed = documents.shadow?.spec.secrets ?? [];
  const own: Record<string, string> = {};
  for (const [name, text] of Object.entries(spec.env ?? {})) {
    if (world === 'shadow' && spec.secrets?.includes(name) && !allowed.includes(name)) continue;
    own[name] = fillTemplate(text, values);
  }
  const base = dirname(resolve(input.file));
  const cwd = spec.cwd === undefined ? base : isAbsolute(spec.cwd) ? spec.cwd : resolve(base, spec.cwd);
  return {
    world,
    service,
    replica,
    ports,
    node: {
      id: `${world}/${service}/${replica}`,
      world,
      service,
      replica,
      inbound: { listen: tcp(ports.inbound), app: tcp(ports.app) },
      outbound: callees.map((callee) => ({ callee, listen: tcp(ports.outbound[callee]!) })),
    },
    argv: spec.command.map((word) => fillTemplate(word, values)),
    cwd,
    env: { ...input.inherited, ...own },
    data,
    version: spec.version ?? '',
    health: healthCheckOf(spec.health, spec.protocol),
    cpuLimit: spec.resources?.cpu ?? 0,
    memoryLimit: spec.resources?.memory === undefined ? 0 : bytes(spec.resources.memory),
  };
}

/** The proxy through which users (production) or production's copies (shadow) enter. */
export function ingressNode(world: LocalWorldName, listen: Address): ProxyNode {
  return { id: `${world}/${INGRESS}/0`, world, service: INGRESS, replica: 0, ingress: { listen }, outbound: [] };
}

/** What must be equal for a running replica to be left as it is when the document changes. */
export function planKey(plan: ReplicaPlan): string {
  const { argv, cwd, env, version, cpuLimit, memoryLimit, health } = plan;
  return JSON.stringify([argv, cwd, Object.entries(env).sort(), version, cpuLimit, memoryLimit, health]);
}
