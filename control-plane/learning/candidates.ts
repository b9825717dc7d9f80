import { baselineSettings, compose } from '../mesh/compose.ts';
import { isOwn, type MitigationLease } from '../mesh/lease.ts';
import {
  type Action,
  describeMitigation,
  MAX_STEPS,
  type Mitigation,
  type MitigationKind,
  mitigationKinds,
} from '../mesh/mitigation.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import { resolve } from '../mesh/resolve.ts';
import type { MeshSettings, Setting } from '../mesh/settings.ts';
import type { Topology } from '../mesh/topology.ts';

/** Something a decision may choose, with its numbers resolved, or the reason it may not be chosen. */
export interface Candidate {
  readonly action: Action;
  /** Absent for `wait`, `remove-last` and what does not resolve. */
  readonly setting?: Setting;
  readonly masked?: string;
}

/** Every mitigation × target × strength of the catalogue for `topology`, in a fixed order, before any mask. */
export function catalogueOf(topology: Topology): Mitigation[] {
  const all: Mitigation[] = [];
  for (const kind of Object.keys(mitigationKinds) as MitigationKind[]) {
    const info = mitigationKinds[kind];
    if (info.target === 'edge') {
      for (const edge of Object.keys(topology.edges) as (keyof typeof topology.edges)[])
        for (const strength of info.strengths) all.push({ kind, target: { edge }, strength });
    } else {
      for (const service of Object.values(topology.services))
        if (!service.external)
          for (const strength of info.strengths) all.push({ kind, target: { service: service.id }, strength });
    }
  }
  return all;
}

/** The lease `remove-last` takes back: the youngest that no operator and no static base stands behind. */
export function lastRemovable(inForce: readonly MitigationLease[]): MitigationLease | undefined {
  return inForce.findLast(isOwn);
}

/** Settings in force: the application's own with the leases composed over them. */
export function settingsInForce(topology: Topology, inForce: readonly MitigationLease[]): MeshSettings {
  return compose(topology, baselineSettings(topology), inForce);
}

/**
 * All candidates of a decision: `wait` first, `remove-last` where there is something to take back, then the catalogue.
 * Masked candidates stay in the list with their reason, so that people can see why something was not chosen.
 */
export function candidatesOf(context: DecisionContext): Candidate[] {
  const { topology, healthy, inForce, capabilities } = context;
  const out: Candidate[] = [{ action: { do: 'wait' } }];
  if (lastRemovable(inForce)) out.push({ action: { do: 'remove-last' } });
  const settings = settingsInForce(topology, inForce);
  const present = new Set(inForce.map((l) => describeMitigation(l.mitigation)));
  for (const mitigation of catalogueOf(topology)) {
    const action: Action = { do: 'apply', mitigation };
    const setting = resolve(mitigation, topology, healthy);
    if (typeof setting === 'string') {
      out.push({ action, masked: setting });
      continue;
    }
    const masked =
      (context.steps.length >= MAX_STEPS ? `a plan has at most ${MAX_STEPS} steps` : undefined) ??
      (capabilities.mitigations.has(mitigation.kind)
        ? undefined
        : (capabilities.missing[mitigation.kind] ?? `${mitigation.kind} is not possible here`)) ??
      (present.has(describeMitigation(mitigation)) || changesNothing(setting, settings, topology)
        ? 'already in force'
        : undefined) ??
      context.mask(mitigation);
    out.push(masked === undefined ? { action, setting } : { action, setting, masked });
  }
  return out;
}

/** Whether composing `setting` over what is in force would leave the mesh as it is. */
function changesNothing(setting: Setting, settings: MeshSettings, topology: Topology): boolean {
  if ('service' in setting) {
    const service = topology.services[setting.service];
    return !service || (settings.services[setting.service]?.replicas ?? 0) >= service.maxReplicas;
  }
  const now = settings.edges[setting.edge];
  if (!now) return true;
  return Object.entries(setting.change).every(
    ([key, value]) => JSON.stringify(now[key as keyof typeof now]) === JSON.stringify(value),
  );
}
