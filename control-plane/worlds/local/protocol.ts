import type { Documents } from '../../api/kinds/parse.ts';
import type { Endpoints, ProxyNode } from '../../envoy/node.ts';
import type { ServiceId } from '../../mesh/topology.ts';
import type { RecordedAnswer } from '../../shadow/mock/recorded-answer.ts';
import type { ProcessSample } from '../../telemetry/process-window.ts';

export type { ProcessSample };

/**
 * What the supervisor and the control plane say to each other over `<run>/supervisor.sock`: newline-delimited JSON, requests
 * answered by id, events pushed. Times are wall-clock milliseconds since the epoch (both run on one machine).
 */

export type LocalWorldName = 'production' | 'shadow';

/** What a fault that no filter can make needs of the machine; the text says why it is not there. */
export type Permission = true | string;

export interface WorldCapabilities {
  /** Packet loss in the world's own network namespace. */
  readonly netfilter: Permission;
  /** Stopping and killing replicas. */
  readonly process: Permission;
  /** CPU and memory limits per replica, changed while it runs. */
  readonly cgroup: Permission;
  /** Slow or failing mocks of what is outside. */
  readonly mock: Permission;
  /** Safe requests to multiply, as the Shadow document names them. */
  readonly users: Permission;
}

export interface WorldDescription {
  readonly world: LocalWorldName;
  /** The Unix socket on which the management server answers this world's proxies; it is also their scope. */
  readonly xdsSocket: string;
  readonly nodes: readonly ProxyNode[];
  readonly endpoints: Endpoints;
  /** Replicas with no lease in force: the document's in production, its share of production's in the shadow. */
  readonly atRest: Readonly<Record<ServiceId, number>>;
  /** Replicas asked for now. */
  readonly replicas: Readonly<Record<ServiceId, number>>;
  readonly capabilities: WorldCapabilities;
  /** What is degraded and why, in words for the operator. */
  readonly notes: readonly string[];
  /** How it is walled in. `none` for production. */
  readonly isolation: 'namespaces' | 'declared' | 'none';
}

export interface Description {
  readonly runId: string;
  /** When the run began, ms since the epoch. */
  readonly startedAt: number;
  /** A control plane was ready in this run before the one that asks. */
  readonly restarted: boolean;
  /** The supervisor's process, which owns everything else. */
  readonly pid: number;
  readonly file: string;
  readonly documents: Documents;
  readonly paths: {
    readonly run: string;
    readonly store: string;
    readonly token: string;
    /** Sampled exchanges with what is outside, and the answers recorded from them. */
    readonly samples: string;
    readonly mocks: string;
  };
  readonly entry: { readonly host: string; readonly port: number };
  /** Where the API is to listen: a port that was free, or the one given. */
  readonly api: { readonly host: string; readonly port: number };
  readonly production: WorldDescription;
  readonly shadow?: WorldDescription;
  /** Why there is no shadow. */
  readonly noShadow?: string;
  /** Where production's ingress finds the shadow's. */
  readonly shadowIngress?: { readonly pipe: string };
}

/** What the supervisor itself does to a running shadow. There is no way to name production in it. */
export type FaultOperation =
  | {
      readonly kind: 'outage';
      readonly service: ServiceId;
      readonly replica?: number;
      /** `stop` hangs (SIGSTOP), `kill` refuses connections and is not restarted while the fault lasts. */
      readonly mode: 'stop' | 'kill';
      /** Share of the replicas, where none is named. At least one. */
      readonly share: number;
    }
  | {
      readonly kind: 'cpu';
      readonly service: ServiceId;
      readonly replica?: number;
      /** Share 0..0.95 of the CPU that is taken away. */
      readonly taken: number;
    }
  | {
      readonly kind: 'memory';
      readonly service: ServiceId;
      readonly replica?: number;
      /** 0..1: how close the limit is drawn to what is used; 1 = below it. */
      readonly closeness: number;
    }
  | { readonly kind: 'packet-loss'; readonly service: ServiceId; readonly replica?: number; readonly loss: number }
  | {
      readonly kind: 'dependency';
      readonly service: ServiceId;
      readonly mode: 'slow' | 'fail';
      readonly delayMs: number;
      readonly share: number;
    }
  /** Safe requests added at the entry, per second. */
  | { readonly kind: 'load'; readonly service: ServiceId; readonly rate: number };

export interface FaultState {
  /** Read back from the kernel, the control group, the packet filter or the mock; not remembered. */
  readonly inPlace: boolean;
  readonly detail: string;
}

/** Attempts to leave the shadow that were denied, counted since it started. `unknown`: this wall denies without counting. */
export interface DeniedCounters {
  readonly network: number | 'unknown';
  readonly files: number | 'unknown';
  readonly externals: number | 'unknown';
  /** What was tried, at most 20 of them, the most often tried first. */
  readonly targets: readonly { readonly what: string; readonly count: number }[];
}

/** What the machine has left for production, and what production's entry proxy used of it. */
export interface MachineSample {
  /** 0..1: the share of the machine in use by what does not give way to production; absent where it does not tell. */
  readonly busy?: number;
  /** CPU seconds of the users' ingress proxy so far. */
  readonly ingressCpuSeconds: number;
}

export interface ReadyInfo {
  readonly dashboard: string;
  readonly api: string;
}

/** Requests the control plane sends. */
export interface Requests {
  describe: { params: Record<string, never>; result: Description };
  scale: {
    params: { world: LocalWorldName; service: ServiceId; replicas: number };
    /** Replicas that answer, once those asked for do; the reason where they do not. */
    result: { ready: number; problem?: string };
  };
  fault: { params: { id: string; operation: FaultOperation; expiresAt: number }; result: FaultState };
  clearFault: { params: { id: string }; result: { cleared: boolean } };
  faultState: { params: { id: string }; result: FaultState };
  /** Ids of faults in force in the supervisor. */
  faults: { params: Record<string, never>; result: { ids: string[] } };
  snapshotState: { params: Record<string, never>; result: { services: ServiceId[] } };
  resetState: { params: Record<string, never>; result: { services: ServiceId[] } };
  recorded: { params: { external: ServiceId; answers: RecordedAnswer[] }; result: { kept: number } };
  ready: { params: ReadyInfo; result: Record<string, never> };
}

/** Events the supervisor pushes. */
export interface Events {
  /** Once a second and world. */
  processes: { world: LocalWorldName; samples: ProcessSample[] };
  /** Once a second. */
  machine: MachineSample;
  /** Nodes, endpoints or notes of a world are others now. */
  changed: { world: LocalWorldName; description: WorldDescription };
  /** Changed documents, once production and the shadow are as they say. */
  documents: { documents: Documents };
  denied: DeniedCounters;
}

export type RequestName = keyof Requests;
export type EventName = keyof Events;
