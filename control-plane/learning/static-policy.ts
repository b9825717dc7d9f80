import type { Mitigation, MitigationKind } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { ScoredCandidate } from '../mesh/record.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { type EdgeView, type MeshView, viewOf } from './features/view.ts';

/** Rules by hand, as an experienced operator would write them: what decides where no model is to be had. */
export const staticPolicy: Policy = {
  version: 'static-rules-1',
  score: async (context) => {
    const view = viewOf(context);
    const candidates = candidatesOf(context);
    return ordered(
      candidates.map((c) => {
        const mean = c.action.do === 'apply' ? ruleValue(view, c.action.mitigation) : 0;
        return scored(c, mean);
      }),
    );
  },
};

/**
 * What the rules think a mitigation is worth, 0..1. Each rule names the symptom it answers; the target must be where the
 * trouble seems to begin, else the rule is worth little.
 */
function ruleValue(view: MeshView, m: Mitigation): number {
  const edge = 'edge' in m.target ? view.edges.get(m.target.edge) : undefined;
  const service = view.services.get('edge' in m.target ? (edge?.edge.callee ?? '') : m.target.service);
  if (!service) return 0;
  const blame = service.blame / view.maxBlame;
  if (view.surge > 0.4 && edge?.edge.id === view.context.topology.entry) return surgeRule(view, m);
  if (blame < 0.7) return 0;
  if (!edge) return m.kind === 'scale' && service.cpuMax > 0.8 ? 0.3 * blame : 0;
  return blame * (edgeRules[m.kind]?.(edge, m.strength, view) ?? 0);
}

/** More users than the application was built for: hold the entry at its healthy rate. */
function surgeRule(view: MeshView, m: Mitigation): number {
  return m.kind === 'rate-limit' && view.goodRatio < 0.9 && m.strength === 1.1 ? 0.5 : 0;
}

const failing = (e: EdgeView): number => e.fail - e.shed - e.overflow;

const edgeRules: Partial<Record<MitigationKind, (e: EdgeView, strength: number, view: MeshView) => number>> = {
  // The callee fails or is slow as a whole: send its calls to the redundant service.
  failover: (e, strength) => (failing(e) > 0.6 || (e.late > 0.5 && e.p50 > 1) ? 0.6 * strength : 0),
  // It fails in part and there are several endpoints: one of them is bad.
  'outlier-detection': (e, strength, view) =>
    failing(e) > 0.1 && failing(e) < 0.9 && replicasOf(view, e) > 1 ? 0.4 + 0.1 * strength : 0,
  // It fails now and then: once more is cheap. When attempts already pile up: stop retrying.
  retry: (e, strength) => {
    if (strength === 0) return e.retries > 0.3 && e.attempts > 0.4 ? 0.45 : 0;
    return strength === 1 && failing(e) > 0.05 && failing(e) < 0.6 && e.p99OverTimeout < 0.5 ? 0.3 : 0;
  },
  // It is slow and callers wait for it: give up sooner.
  timeout: (e, strength) => (e.p50 > 2 || e.timeout > 0.3 ? (strength === 4 ? 0.25 : 0.2) : 0),
  // Calls pile up: bound them.
  'circuit-breaking': (e, strength) => (e.inFlight > 2 && e.timeout > 0.3 ? (strength === 4 ? 0.22 : 0.18) : 0),
};

const replicasOf = (view: MeshView, e: EdgeView): number => view.settings.services[e.edge.callee]?.replicas ?? 1;

/** Mitigations in random order, as somebody tries who knows nothing: a peer to compare with, never a fallback. */
export function randomOrderPolicy(uniform: () => number): Policy {
  return {
    version: 'random-order',
    unconditional: true,
    score: async (context) =>
      ordered(candidatesOf(context).map((c) => scored(c, c.action.do === 'apply' ? 0.01 + uniform() : 0))),
  };
}

/** A policy that asks `primary` and, where that throws, `fallback`; `onFailure` is told why. */
export function guarded(primary: Policy, fallback: Policy, onFailure: (error: unknown) => void): Policy {
  return {
    get version() {
      return primary.version;
    },
    score: async (context: DecisionContext) => {
      try {
        return await primary.score(context);
      } catch (error) {
        onFailure(error);
        return fallback.score(context);
      }
    },
  };
}

function scored({ action, masked }: Candidate, mean: number): ScoredCandidate {
  const base = { action, mean, spread: 0, lower: mean, probability: 0 };
  return masked === undefined ? base : { ...base, masked };
}

/** Best first, masked last; the best allowed one gets probability 1: these policies do not explore. */
function ordered(candidates: ScoredCandidate[]): ScoredCandidate[] {
  candidates.sort((a, b) => Number(a.masked !== undefined) - Number(b.masked !== undefined) || b.lower - a.lower);
  return candidates.map((c, i) => (i === 0 && c.masked === undefined ? { ...c, probability: 1 } : c));
}
