import type { EdgeId, ServiceId } from './topology.ts';

/** The five classes of mitigation. */
export type MitigationClass = 'circuit-breaking' | 'retries' | 'load-shedding' | 'failover' | 'scaling';

export interface MitigationKindInfo {
  readonly class: MitigationClass;
  readonly target: 'edge' | 'service';
  /** Strengths offered as candidates. They are fractions of the target's own healthy state unless `unit` says otherwise. */
  readonly strengths: readonly number[];
  readonly unit: string;
  /** The time it gets to prove itself, from the moment the proxies acknowledged it. */
  readonly trialMs: number;
  /** Static cost in the reward's unit (share of goodput): added upstream load, replicas, disturbed connections. */
  readonly cost: number;
}

/** The catalogue. Every strength of every kind is one candidate per target; masks remove what does not apply. */
export const mitigationKinds = {
  'circuit-breaking': {
    class: 'circuit-breaking',
    target: 'edge',
    strengths: [4, 2],
    unit: '× healthy in-flight = most requests in flight on the edge',
    trialMs: 3000,
    cost: 0.005,
  },
  'outlier-detection': {
    class: 'circuit-breaking',
    target: 'edge',
    strengths: [0.5, 1],
    unit: 'strictness: 0.5 = 5 consecutive failures, 1 = 2; an endpoint is ejected for 15 s',
    trialMs: 4000,
    cost: 0.005,
  },
  timeout: {
    class: 'circuit-breaking',
    target: 'edge',
    strengths: [4, 2],
    unit: '× healthy p99 = time-out of the edge',
    trialMs: 3000,
    cost: 0.005,
  },
  retry: {
    class: 'retries',
    target: 'edge',
    strengths: [0, 1, 2],
    unit: 'retries per idempotent request, exponential back-off, budget 20% of active requests; 0 turns retries off',
    trialMs: 3000,
    cost: 0.01,
  },
  'rate-limit': {
    class: 'load-shedding',
    target: 'edge',
    strengths: [1.1, 0.8, 0.5],
    unit: '× healthy rate = most requests/s; the protected priority passes first at the entry',
    trialMs: 3000,
    cost: 0.01,
  },
  'admission-control': {
    class: 'load-shedding',
    target: 'edge',
    strengths: [0.5, 1],
    unit: 'aggression: share of requests refused client-side as success falls (Envoy admission control)',
    trialMs: 4000,
    cost: 0.01,
  },
  failover: {
    class: 'failover',
    target: 'edge',
    strengths: [0.5, 1],
    unit: "share of the edge's requests sent to the callee's redundant service",
    trialMs: 3000,
    cost: 0.01,
  },
  scale: {
    class: 'scaling',
    target: 'service',
    strengths: [1, 2],
    unit: 'replicas added',
    trialMs: 8000,
    cost: 0.02,
  },
} as const satisfies Record<string, MitigationKindInfo>;

export type MitigationKind = keyof typeof mitigationKinds;

export type MitigationTarget = { readonly edge: EdgeId } | { readonly service: ServiceId };

/** One removable change to the mesh. */
export interface Mitigation {
  readonly kind: MitigationKind;
  readonly target: MitigationTarget;
  readonly strength: number;
}

/** `kind@target×strength`, for people and as a key: equal mitigations have equal text. */
export function describeMitigation(m: Mitigation): string {
  return `${m.kind}@${'edge' in m.target ? m.target.edge : m.target.service}×${m.strength}`;
}

/** A sequence of mitigations; the policy emits it one step at a time. At most {@link MAX_STEPS}. */
export type Plan = readonly Mitigation[];
export const MAX_STEPS = 4;

/**
 * What a decision may choose: one candidate mitigation, waiting, or taking back the last step. `remove`, taking back the one that is
 * named, is no candidate: it is what an operator is asked to approve.
 */
export type Action =
  | { readonly do: 'apply'; readonly mitigation: Mitigation }
  | { readonly do: 'wait' }
  | { readonly do: 'remove-last' }
  | { readonly do: 'remove'; readonly mitigation: Mitigation };

export function describeAction(a: Action): string {
  if (a.do === 'apply') return describeMitigation(a.mitigation);
  return a.do === 'remove' ? `remove ${describeMitigation(a.mitigation)}` : a.do;
}
