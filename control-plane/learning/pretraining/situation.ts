import type { MitigationLease } from '../../mesh/lease.ts';
import {
  type Action,
  describeMitigation,
  type Mitigation,
  type MitigationKind,
  mitigationKinds,
} from '../../mesh/mitigation.ts';
import type { DecisionContext } from '../../mesh/policy.ts';
import { resolve } from '../../mesh/resolve.ts';
import type { HealthyState, Snapshot } from '../../mesh/snapshot.ts';
import type { Capabilities } from '../../mesh/world.ts';
import type { Simulation } from '../../worlds/simulated/simulation.ts';
import { type Candidate, lastRemovable, settingsInForce } from '../candidates.ts';
import { costOf, type Usual, windowValue } from '../value.ts';

const everything: Capabilities = {
  mitigations: new Set(Object.keys(mitigationKinds) as MitigationKind[]),
  faults: new Set(),
  missing: {},
};

/** A simulated incident in progress: the mesh, what was seen of it, and what was done so far. */
export class Situation {
  readonly sim: Simulation;
  readonly healthy: HealthyState;
  readonly usual: Usual;
  onset: number;
  history: readonly Snapshot[];
  inForce: readonly MitigationLease[];
  steps: readonly Mitigation[];

  constructor(sim: Simulation, healthy: HealthyState, history: readonly Snapshot[], onset: number) {
    this.sim = sim;
    this.healthy = healthy;
    const { topology } = sim.spec;
    this.usual = { offered: healthy.edges[topology.entry]?.rate ?? 0, good: healthy.goodput };
    this.history = history;
    this.onset = onset;
    this.inForce = [];
    this.steps = [];
  }

  /** A copy that can be steered on its own. */
  clone(): Situation {
    const copy = new Situation(this.sim.clone(), this.healthy, this.history, this.onset);
    copy.inForce = this.inForce;
    copy.steps = this.steps;
    return copy;
  }

  context(): DecisionContext {
    return {
      topology: this.sim.spec.topology,
      history: this.history,
      healthy: this.healthy,
      diagnosis: { at: this.sim.now, symptoms: [], origins: [], impaired: true, goodRatio: 0 },
      inForce: this.inForce,
      steps: this.steps,
      onset: this.onset,
      now: this.sim.now,
      capabilities: everything,
      mask: () => undefined,
    };
  }

  /** Does what `candidate` says; waiting and what has no setting change nothing. */
  act(candidate: Candidate): void {
    const before = this.inForce;
    if (candidate.action.do === 'apply' && candidate.setting) {
      const { mitigation } = candidate.action;
      this.inForce = [...before, leaseOf(mitigation, candidate.setting, this.sim.now, before.length)];
      this.steps = [...this.steps, mitigation];
    } else if (candidate.action.do === 'remove-last') {
      const last = lastRemovable(before);
      this.inForce = before.filter((l) => l !== last);
    }
    if (this.inForce !== before) this.sim.apply(settingsInForce(this.sim.spec.topology, this.inForce));
  }

  /** Puts mitigations in force as a standing configuration: no steps of the incident, nothing to take back. */
  harden(mitigations: readonly Mitigation[]): void {
    for (const mitigation of mitigations) {
      const setting = resolve(mitigation, this.sim.spec.topology, this.healthy);
      if (typeof setting === 'string') continue;
      const lease = leaseOf(mitigation, setting, this.sim.now, this.inForce.length);
      this.inForce = [...this.inForce, { ...lease, owner: 'static' }];
    }
    this.sim.apply(settingsInForce(this.sim.spec.topology, this.inForce));
  }

  /** Runs `windows` windows and returns the summed value of them, costs taken off; `seen` keeps their telemetry. */
  run(windows: number, seen: boolean): number {
    const cost = costOf(this.inForce.filter((l) => l.owner !== 'static').map((l) => l.mitigation.kind));
    let sum = 0;
    for (let i = 0; i < windows; i++) {
      if (seen) {
        const snapshot = this.sim.window();
        this.history = [...this.history.slice(-4), snapshot];
        sum += windowValue(this.sim.entry, this.usual) - cost;
      } else sum += windowValue(this.sim.run(), this.usual) - cost;
    }
    return sum;
  }
}

function leaseOf(mitigation: Mitigation, setting: MitigationLease['setting'], now: number, n: number): MitigationLease {
  return {
    type: 'mitigation',
    id: `${n} ${describeMitigation(mitigation)}`,
    owner: 'policy',
    reason: 'simulated',
    createdAt: now + n / 1000,
    expiresAt: Number.POSITIVE_INFINITY,
    mitigation,
    setting,
  };
}

/** Windows an action gets to prove itself: its kind's trial, at least one. */
export function trialWindows(action: Action): number {
  if (action.do === 'wait') return 1;
  const ms = action.do === 'apply' ? mitigationKinds[action.mitigation.kind].trialMs : 2000;
  return Math.max(1, Math.round(ms / 1000));
}
