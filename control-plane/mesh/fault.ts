import type { EdgeId, ServiceId } from './topology.ts';

/** The six classes the chaos loop must cover. */
export type FaultClass = 'network' | 'outage' | 'corruption' | 'exhaustion' | 'dependency' | 'exception';

export type FaultTarget =
  | { readonly edge: EdgeId }
  | { readonly service: ServiceId /** one replica only; absent = all */; readonly replica?: number };

/**
 * Something injected into the shadow. `magnitude` is 0..1 and means what `faultKinds[kind].magnitude` says; `share` is the
 * share of requests (or of the target's replicas) that is hit.
 */
export interface Fault {
  readonly kind: FaultKind;
  readonly target: FaultTarget;
  readonly magnitude: number;
  readonly share: number;
  readonly durationMs: number;
  /** Every random choice the fault makes derives from it, so that a run can be replayed. */
  readonly seed: number;
}

export interface FaultKindInfo {
  readonly class: FaultClass;
  /** What it needs of the world; a world without it cannot inject this kind. */
  readonly needs: 'filter' | 'netfilter' | 'process' | 'cgroup' | 'mock' | 'users';
  readonly target: 'edge' | 'service';
  /** What magnitude 0..1 means. */
  readonly magnitude: string;
}

/** Kinds of fault and where each is enforced. */
export const faultKinds = {
  latency: { class: 'network', needs: 'filter', target: 'service', magnitude: 'added delay, 0..2000 ms' },
  'packet-loss': {
    class: 'network',
    needs: 'netfilter',
    target: 'service',
    magnitude: 'share of packets dropped, 0..0.5',
  },
  bandwidth: { class: 'network', needs: 'filter', target: 'service', magnitude: 'limit, 256 KiB/s down to 8 KiB/s' },
  outage: {
    class: 'outage',
    needs: 'process',
    target: 'service',
    magnitude: '<0.5 = replica stopped (hangs), else killed',
  },
  corruption: { class: 'corruption', needs: 'filter', target: 'service', magnitude: 'mutations per payload, 1..8' },
  cpu: { class: 'exhaustion', needs: 'cgroup', target: 'service', magnitude: 'share of its CPU taken away, 0..0.95' },
  memory: {
    class: 'exhaustion',
    needs: 'cgroup',
    target: 'service',
    magnitude: 'how close the limit is drawn to what is used',
  },
  load: {
    class: 'exhaustion',
    needs: 'users',
    target: 'service',
    magnitude: "safe requests added at the users' entry, 0..8 × what users send",
  },
  dependency: { class: 'dependency', needs: 'mock', target: 'service', magnitude: '<0.5 slow (0..4 s), else failing' },
  exception: {
    class: 'exception',
    needs: 'filter',
    target: 'service',
    magnitude: "unused; a framework's own 500 answer",
  },
  abort: { class: 'exception', needs: 'filter', target: 'service', magnitude: 'unused; bare 503' },
} as const satisfies Record<string, FaultKindInfo>;

/** A {@link faultKinds} `load` of magnitude 1 adds so many times what users send. */
export const MOST_LOAD = 8;

export type FaultKind = keyof typeof faultKinds;

/** `kind@target` for people and for grouping; without magnitude and seed. */
export function describeFault(f: Fault): string {
  const target =
    'edge' in f.target
      ? f.target.edge
      : f.target.service + (f.target.replica === undefined ? '' : `#${f.target.replica}`);
  return `${f.kind}@${target}`;
}
