import Type from 'typebox';
import { Mode, oneOf, Time, World } from './domain.ts';

const Texts = Type.Array(Type.String());
const Counts = Type.Record(Type.String(), Type.Number());
const opt = Type.Optional;

const WorldStatus = Type.Object({
  present: Type.Boolean(),
  ready: Type.Boolean(),
  notes: Texts,
  gaps: Texts,
  isolation: opt(oneOf(['namespaces', 'declared'])),
  activity: opt(Type.String()),
});
const ProxyStatus = Type.Object({
  id: Type.String(),
  world: World,
  connected: Type.Boolean(),
  acknowledged: Type.Boolean(),
  lastNack: opt(Type.Object({ type: Type.String(), names: Texts, detail: Type.String(), at: Type.Number() })),
  refused: Type.Array(Type.Object({ type: Type.String(), name: Type.String(), detail: Type.String() })),
  metricsAt: opt(Time('Last metrics')),
});
export const Status = Type.Object({
  application: Type.String(),
  version: Type.String(),
  startedAt: Time('Control plane started'),
  worlds: Type.Object({ production: WorldStatus, shadow: WorldStatus }),
  policy: Type.Object({ version: Type.String(), kind: oneOf(['onnx', 'static']), notes: Texts }),
  modes: Type.Record(Type.String(), Mode),
  xds: Type.Object({
    pushes: Type.Number(),
    acks: Type.Number(),
    nacks: Type.Number(),
    nodes: Type.Array(ProxyStatus),
    address: opt(Type.String({ description: 'Where sidecars of production join: unix:PATH or HOST:PORT' })),
  }),
  budget: Type.Object({
    balance: Type.Number(),
    capacity: Type.Number(),
    perHour: Type.Number(),
    busy: opt(Type.Number()),
    paused: opt(Type.String()),
  }),
  denied: Counts,
  deniedTargets: Type.Array(Type.Object({ what: Type.String(), count: Type.Number() })),
  notes: Texts,
});
export const Learning = Type.Object({
  trainingSteps: Type.Number(),
  loss: opt(Type.Number()),
  policyVersion: Type.String(),
  experiences: Type.Number(),
  promotions: Type.Number(),
  lastTrainedAt: opt(Type.Number()),
  note: opt(Type.String()),
});
const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95% of the score' });
const RouteFidelity = Type.Object({
  route: Type.String({ description: 'A route of the Shadow document, or a protected prefix; other: of none' }),
  compared: Type.Number({ description: 'Answers held against production’s' }),
  status: opt(Type.Number({ description: 'Share of them with its status' })),
  structure: opt(Type.Number({ description: 'Share of those with one status that have one structure' })),
  pairs: Type.Number({ description: 'Requests sent to the shadow twice, both answered' }),
  noiseFloor: opt(Type.Number({ description: 'Share of the pairs that differ' })),
  score: opt(Type.Number({ description: 'Agreement corrected by the noise floor' })),
  interval: opt(Interval),
  note: opt(Type.String({ description: 'Why there is no score, or what it leaves out' })),
});
export const Fidelity = Type.Object({
  score: opt(Type.Number({ description: 'The routes’ scores, weighted by answers' })),
  interval: opt(Interval),
  compared: Type.Number(),
  routes: Type.Array(RouteFidelity, { description: 'The worst first' }),
  windows: Type.Number(),
  unfaultedShare: Type.Number(),
  byEdge: opt(Counts),
  note: opt(Type.String()),
});
export const Mirror = Type.Object({
  share: Type.Number(),
  mirrored: Type.Number(),
  dropped: Counts,
  skipped: Counts,
  compared: Type.Number(),
  differing: Type.Number(),
  alive: Type.Boolean(),
  note: opt(Type.String()),
});
export const History = Type.Object({
  points: Type.Array(
    Type.Object({
      at: Type.Number(),
      offered: Type.Number(),
      good: Type.Number(),
      edges: Type.Record(Type.String(), Type.Tuple([Type.Number(), Type.Number(), Type.Number()])),
    }),
  ),
  spans: Type.Array(
    Type.Object({
      id: Type.String(),
      type: oneOf(['fault', 'mitigation']),
      owner: Type.String(),
      label: Type.String(),
      from: Type.Number(),
      to: opt(Type.Number()),
    }),
  ),
});
export const Check = Type.Object({
  name: Type.String(),
  state: oneOf(['pass', 'warn', 'fail']),
  detail: Type.String(),
  hint: opt(Type.String({ description: 'What to do; on everything that does not pass' })),
});
export const Problem = Type.Object({
  code: Type.String({ pattern: '^UMB[0-9]{4}$' }),
  message: Type.String(),
  remedy: Type.String(),
});
