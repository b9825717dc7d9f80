import { type Fault, type FaultKind, faultKinds, MOST_LOAD } from '../mesh/fault.ts';
import type { Diagnosis, Symptom } from '../mesh/record.ts';
import { endsOf, type ServiceId, type Topology } from '../mesh/topology.ts';
import { allowedKinds, type ScenarioOptions } from './scenarios.ts';

/**
 * A fault that should make the shadow show what production shows: the origin's strongest symptom, as strong as it is there.
 * Undefined where nothing is named as the origin, it is excluded, or what is needed cannot or may not be injected.
 */
export function reproductionOf(
  diagnosis: Diagnosis,
  topology: Topology,
  possible: ReadonlySet<FaultKind>,
  options: { durationMs: number; seed: number },
  limits: ScenarioOptions = {},
): Fault | undefined {
  const allowed = allowedKinds(possible, limits);
  const excluded = (service: ServiceId) => limits.exclude?.includes(service) ?? false;
  const surge = diagnosis.symptoms.find((s) => s.kind === 'surge')?.severity ?? 0;
  if (surge > 0) {
    // Its severity is the share of users that is more than usual; as many times more are added.
    const magnitude = Math.min(1, surge / Math.max(0.1, 1 - surge) / MOST_LOAD);
    const target = { service: endsOf(topology.entry)[1] };
    const may = allowed.has('load') && !excluded(target.service);
    return may ? { kind: 'load', magnitude, share: 1, target, ...options } : undefined;
  }
  const origin = diagnosis.origins[0]?.service;
  const service = origin === undefined ? undefined : topology.services[origin];
  if (!service || excluded(service.id)) return undefined;
  const at = (kinds: readonly Symptom['kind'][]) => severityAt(diagnosis.symptoms, service.id, kinds);
  const errors = at(['errors']);
  const slow = Math.max(at(['slow']), at(['timeouts']), at(['saturation']));
  const base = { ...options, target: { service: service.id } };
  const half = (n: number) => Math.min(1, Math.max(0.2, n));

  const choices: [FaultKind, number, Partial<Fault>][] = service.external
    ? [
        ['dependency', errors, { magnitude: 0.9, share: half(errors) }],
        ['dependency', slow, { magnitude: 0.45, share: 1 }],
      ]
    : [
        // A replica that is gone looks like errors as well; the machine's word is the better one.
        ['outage', at(['unready']) * 1.2, service.replicas > 1 ? { target: { service: service.id, replica: 0 } } : {}],
        ['memory', at(['memory']) * 0.8, {}],
        ['cpu', at(['cpu']) * 0.8, {}],
        ['abort', errors, { magnitude: 1, share: half(errors) }],
        ['exception', errors * 0.99, { magnitude: 1, share: half(errors) }],
        ['latency', slow, { magnitude: half(0.3 + 0.5 * slow) }],
      ];
  let best: Fault | undefined;
  let most = 0.05;
  for (const [kind, weight, more] of choices) {
    if (weight <= most || !allowed.has(kind) || faultKinds[kind].target !== 'service') continue;
    most = weight;
    best = { kind, magnitude: 0.9, share: 1, ...base, ...more };
  }
  return best;
}

/** The worst severity of these kinds on the service or on edges into it. */
function severityAt(symptoms: readonly Symptom[], service: ServiceId, kinds: readonly Symptom['kind'][]): number {
  let worst = 0;
  for (const s of symptoms) {
    if (!kinds.includes(s.kind)) continue;
    const at = 'service' in s.target ? s.target.service : endsOf(s.target.edge)[1];
    if (at === service) worst = Math.max(worst, s.severity);
  }
  return worst;
}
