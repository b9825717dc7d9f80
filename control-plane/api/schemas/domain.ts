import Type, { type TSchema } from 'typebox';
import { type FaultKind, faultKinds } from '../../mesh/fault.ts';
import { type MitigationKind, mitigationKinds } from '../../mesh/mitigation.ts';

/** What the API speaks of, in the shapes of mesh/ (a test holds the two against each other). */

export const oneOf = <const T extends readonly string[]>(values: T, options: Record<string, unknown> = {}) =>
  Type.Union(
    values.map((v) => Type.Literal(v)),
    options,
  ) as unknown as ReturnType<typeof Type.Unsafe<T[number]>>;
export const Time = (description: string) => Type.Number({ description: `${description}, ms since the epoch` });
/** A number that may be NaN or infinite inside and is null in JSON. */
const Loose = (description?: string) =>
  Type.Union([Type.Number(), Type.Null()], description === undefined ? {} : { description });
const opt = <T extends TSchema>(schema: T) => Type.Optional(schema);

const EdgeName = Type.Unsafe<`${string}>${string}`>(
  Type.String({ pattern: '^[^>]+>[^>]+$', description: 'caller>callee' }),
);
export const World = oneOf(['production', 'shadow']);
export const Mode = oneOf(['off', 'observe', 'approve', 'auto']);

export const Fault = Type.Object({
  kind: oneOf(Object.keys(faultKinds) as FaultKind[]),
  target: Type.Union([
    Type.Object({ edge: EdgeName }),
    Type.Object({ service: Type.String(), replica: opt(Type.Integer({ minimum: 0 })) }),
  ]),
  magnitude: Type.Number(),
  share: Type.Number(),
  durationMs: Type.Number(),
  seed: Type.Number(),
});

export const Mitigation = Type.Object(
  {
    kind: oneOf(Object.keys(mitigationKinds) as MitigationKind[]),
    target: Type.Union([
      Type.Object({ edge: EdgeName }, { additionalProperties: false }),
      Type.Object({ service: Type.String() }, { additionalProperties: false }),
    ]),
    strength: Type.Number({
      minimum: 0,
      description: 'Its unit is the kind’s; mostly a fraction of the healthy state',
    }),
  },
  { additionalProperties: false },
);

const leaseBase = {
  id: Type.String(),
  owner: oneOf(['chaos', 'policy', 'pattern', 'operator', 'static']),
  reason: Type.String(),
  createdAt: Time('Made'),
  expiresAt: Time('Ends by itself'),
  incident: opt(Type.String()),
  episode: opt(Type.String()),
};
export const Lease = Type.Union([
  Type.Object({ ...leaseBase, type: Type.Literal('fault'), fault: Fault }),
  Type.Object({
    ...leaseBase,
    type: Type.Literal('mitigation'),
    mitigation: Mitigation,
    setting: Type.Unknown({ description: 'The mitigation in absolute numbers' }),
  }),
]);

const EdgeWindow = Type.Object({
  rate: Type.Number(),
  good: Type.Number(),
  failed: Type.Number(),
  errors: Type.Record(Type.String(), Type.Number()),
  latency: Type.Object({ p50: Type.Number(), p90: Type.Number(), p99: Type.Number() }),
  inFlight: Type.Number(),
  retries: Type.Number(),
  hosts: Type.Number(),
  healthyHosts: Type.Number(),
  ejectedHosts: Type.Number(),
});
const ServiceWindow = Type.Object({
  replicas: Type.Number(),
  ready: Type.Number(),
  cpu: Type.Number(),
  cpuMax: Type.Number(),
  memory: Type.Number(),
  memoryMax: Type.Number(),
  memoryLimit: Type.Number(),
  restarts: Type.Number(),
});
export const Snapshot = Type.Object({
  world: Type.String(),
  at: Time('End of the window'),
  windowMs: Type.Number(),
  entry: Type.Object({
    offered: Type.Number(),
    good: Type.Number(),
    failed: Type.Number(),
    protectedOffered: Type.Number(),
    protectedGood: Type.Number(),
  }),
  edges: Type.Record(Type.String(), EdgeWindow),
  services: Type.Record(Type.String(), ServiceWindow),
  gaps: Type.Array(Type.String()),
  unseen: Type.Optional(Type.Array(Type.String(), { description: 'Edges and services whose numbers lack a part' })),
});

const Symptom = Type.Object({
  kind: Type.String(),
  target: Type.Unknown(),
  severity: Type.Number(),
  since: Type.Number(),
  growth: Type.Number(),
});
const Diagnosis = Type.Object({
  at: Type.Number(),
  symptoms: Type.Array(Symptom),
  origins: Type.Array(Type.Object({ service: Type.String(), score: Type.Number() })),
  impaired: Type.Boolean(),
  goodRatio: Type.Number(),
});
const Action = Type.Union([
  Type.Object({ do: Type.Literal('apply'), mitigation: Mitigation }),
  Type.Object({ do: Type.Literal('wait') }),
  Type.Object({ do: Type.Literal('remove-last') }),
  Type.Object({ do: Type.Literal('remove'), mitigation: Mitigation }),
]);
const Candidate = Type.Object({
  action: Action,
  mean: Loose('Expected advantage over waiting, in shares of goodput'),
  spread: Loose(),
  lower: Loose(),
  probability: Loose('With which the behaviour policy chose it'),
  masked: opt(Type.String({ description: 'Why it may not be chosen' })),
});
export const Decision = Type.Object({
  id: Type.String(),
  at: Time('Taken'),
  world: World,
  incident: opt(Type.String()),
  episode: opt(Type.String()),
  step: Type.Number(),
  source: oneOf(['pattern', 'policy', 'operator', 'exploration', 'none']),
  pattern: opt(Type.String()),
  action: Action,
  candidates: Type.Array(Candidate),
  snapshot: Snapshot,
  diagnosis: Diagnosis,
  policyVersion: Type.String(),
  why: Type.String(),
  outcome: opt(
    Type.Object({
      verdict: oneOf(['kept', 'removed-worse', 'removed-no-better', 'undone-by-operator', 'refused']),
      at: Type.Number(),
      before: Loose(),
      predicted: Loose(),
      after: Loose(),
      effectiveAt: opt(Type.Number()),
      note: opt(Type.String()),
    }),
  ),
});
const Plan = Type.Array(Mitigation);
export const Incident = Type.Object({
  id: Type.String(),
  onset: Time('Goodput began to suffer'),
  detectedAt: Time('Detected'),
  firstActionAt: opt(Type.Number()),
  recoveredAt: opt(Type.Number()),
  closedAt: opt(Type.Number()),
  goodputBefore: Type.Number(),
  goodputDuring: Type.Number(),
  goodputAfter: opt(Type.Number()),
  signature: Type.String(),
  origins: Type.Array(Type.String()),
  plan: Plan,
  source: oneOf(['pattern', 'policy', 'operator', 'none']),
  decisions: Type.Array(Type.String()),
  undone: Type.Number(),
  state: oneOf(['open', 'mitigated', 'recovered']),
  notes: Type.Array(Type.String()),
});
export const Episode = Type.Object({
  id: Type.String(),
  startedAt: Time('Started'),
  endedAt: opt(Type.Number()),
  fault: Fault,
  control: Type.Boolean(),
  controlOf: opt(Type.String()),
  tookEffect: opt(Type.Boolean()),
  cleared: opt(Type.Boolean()),
  detectedAfterMs: opt(Type.Number()),
  signature: opt(Type.String()),
  reached: Type.Array(Type.String()),
  plan: Plan,
  decisions: Type.Array(Type.String()),
  goodBaseline: Loose(),
  goodFaulted: Loose(),
  goodMitigated: opt(Loose()),
  recovered: Type.Boolean(),
  invalid: opt(Type.String()),
});
export const Pattern = Type.Object({
  id: Type.String(),
  signature: Type.String(),
  plan: Plan,
  trials: Type.Number(),
  successes: Type.Number(),
  controls: Type.Number(),
  controlFailed: Type.Number(),
  interval: Type.Tuple([Type.Number(), Type.Number()], { description: 'Wilson 95% interval of the success ratio' }),
  gain: Type.Number(),
  cost: Type.Number(),
  firstSeen: Type.Number(),
  lastSeen: Type.Number(),
  faults: Type.Array(Type.String()),
  status: oneOf(['candidate', 'trusted', 'retired']),
});
export const AuditEntry = Type.Object({
  seq: Type.Integer(),
  at: Type.Number(),
  by: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  detail: Type.Unknown(),
});
export const LedgerEntry = Type.Object({
  at: Type.Number(),
  amount: Type.Number({ description: 'Risk-seconds; spending is negative' }),
  balance: Type.Number(),
  why: Type.String(),
  episode: opt(Type.String()),
});
