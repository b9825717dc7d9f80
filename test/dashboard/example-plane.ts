import { createHistory } from '../../control-plane/api/history.ts';
import type { OverrideRequest, Plane, PlaneEvent, PlaneStatus, SeenWorld } from '../../control-plane/api/plane.ts';
import { buildReport } from '../../control-plane/api/report.ts';
import type { Clock } from '../../control-plane/mesh/clock.ts';
import { UmbraError } from '../../control-plane/mesh/errors.ts';
import type { Mode, Override } from '../../control-plane/mesh/record.ts';
import type { Snapshot } from '../../control-plane/mesh/snapshot.ts';
import { exampleRecords } from './example-records.ts';
import { type Suffering, seeded, shop, windowOf } from './example-shop.ts';

export interface ExamplePlane extends Plane {
  /** Orders it was given, in order. */
  readonly given: OverrideRequest[];
  /** Lets a second pass: a new window in both worlds. */
  advance(): void;
  emit(event: PlaneEvent): void;
  /** Changed by tests that want another state. */
  status_: PlaneStatus;
}

const newest = <T extends { id: string }>(items: readonly T[]) => ({
  get: (id: string) => items.find((i) => i.id === id),
  list: ({ limit = items.length } = {}) => items.slice(0, limit),
  count: () => items.length,
});

/** How production suffered `ago` seconds before the present: two incidents healed, one being healed. */
function productionSuffers(ago: number): Suffering {
  if (ago <= 19 && ago > 4) return { 'storefront>catalog': 0.45, 'ingress>storefront': 0.28 };
  if (ago <= 190 && ago > 174) {
    const bad = ago > 182 ? 0.85 : 0.4;
    return { 'checkout>payments': bad, 'storefront>checkout': bad * 0.9, 'ingress>storefront': bad * 0.4 };
  }
  if (ago <= 610 && ago > 588) return { 'storefront>reviews': 0.5, 'ingress>storefront': 0.08 };
  return {};
}

/**
 * A plane of an application in the middle of a busy morning: 15 minutes of history that end at the clock's present, an incident
 * being healed in production, an episode under way in the shadow. Orders are carried out on it as the real one would.
 */
export function createExamplePlane(clock: Clock): ExamplePlane {
  const start = clock.now();
  const records = exampleRecords(start);
  const random = seeded(20261124);
  const history = { production: createHistory(), shadow: createHistory() };
  const latest: Partial<Record<SeenWorld, Snapshot>> = {};
  const listeners = new Set<(event: PlaneEvent) => void>();
  const given: OverrideRequest[] = [];
  let overrides: Override[] = [];
  let serial = 0;

  const spanOf = (ago: number) =>
    records.episodes.find((e) => start - e.startedAt >= ago * 1000 && start - (e.endedAt ?? start) <= ago * 1000);
  const past = (ago: number): Suffering => {
    const episode = spanOf(ago);
    if (!episode) return {};
    const healed = episode.recovered && ago * 1000 < start - episode.startedAt - 14_000;
    const bad = healed ? 0.12 : 0.7;
    return { 'checkout>payments': bad, 'storefront>checkout': bad, 'ingress>storefront': bad * 0.5 };
  };
  const pastLeases = (world: SeenWorld, ago: number) => {
    const at = start - ago * 1000;
    const faults = world === 'shadow' && spanOf(ago) ? [spanOf(ago)!] : [];
    const mended =
      world === 'production' ? records.decisions.filter((d) => d.incident === 'i-12' && at >= d.at && ago > 120) : [];
    return [
      ...records.leases[world].filter((l) => l.createdAt <= at),
      ...faults
        .filter((e) => e.id !== 'e-48')
        .map((e) => ({
          id: `f-${e.id}`,
          type: 'fault' as const,
          owner: 'chaos' as const,
          reason: e.id,
          createdAt: e.startedAt,
          expiresAt: start,
          fault: e.fault,
        })),
      ...mended.flatMap((d) =>
        d.action.do === 'apply'
          ? [
              {
                id: `m-${d.id}`,
                type: 'mitigation' as const,
                owner: 'policy' as const,
                reason: d.why,
                createdAt: d.at,
                expiresAt: start,
                mitigation: d.action.mitigation,
                setting: { service: 'payments', addReplicas: 1 },
              },
            ]
          : [],
      ),
    ];
  };
  for (let ago = 900; ago >= 0; ago--) {
    const at = start - ago * 1000;
    latest.production = windowOf('production', at, productionSuffers(ago), random);
    latest.shadow = windowOf('shadow', at, past(ago), random);
    for (const world of ['production', 'shadow'] as const)
      history[world].record(latest[world]!, pastLeases(world, ago));
  }

  const emit = (event: PlaneEvent) => {
    for (const listener of listeners) listener(event);
  };
  const modes: Record<string, Mode> = {
    storefront: 'auto',
    catalog: 'auto',
    'catalog-backup': 'auto',
    cart: 'auto',
    checkout: 'auto',
    reviews: 'observe',
    payments: 'approve',
    inventory: 'auto',
  };
  const audit = (by: string, action: string, subject: string, detail: unknown) => {
    const entry = { seq: records.audit.length + 1, at: clock.now(), by, action, subject, detail };
    records.audit.push(entry);
    emit({ type: 'audit', entry });
  };

  const plane: ExamplePlane = {
    clock,
    given,
    emit,
    advance() {
      const at = clock.now();
      const faulted = records.leases.shadow.some((l) => l.type === 'fault');
      latest.production = windowOf('production', at, {}, random);
      latest.shadow = windowOf(
        'shadow',
        at,
        faulted ? { 'checkout>payments': 0.5, 'storefront>checkout': 0.45, 'ingress>storefront': 0.2 } : {},
        random,
      );
      for (const world of ['production', 'shadow'] as const) {
        history[world].record(latest[world]!, records.leases[world]);
        emit({ type: 'snapshot', snapshot: latest[world]! });
      }
    },
    records: {
      incidents: newest(records.incidents),
      decisions: newest(records.decisions),
      episodes: newest(records.episodes),
      patterns: newest(records.patterns),
      audit: {
        list: ({ limit = 100, afterSeq } = {}) =>
          (afterSeq === undefined
            ? records.audit.slice(-limit)
            : records.audit.filter((a) => a.seq > afterSeq).slice(0, limit)
          ).toReversed(),
      },
      ledger: { list: ({ limit = 100 } = {}) => records.ledger.toReversed().slice(0, limit) },
    },
    status_: {
      application: 'shop',
      version: '0.1.0',
      startedAt: start - 900_000,
      worlds: {
        production: { present: true, ready: true, notes: [], gaps: [] },
        shadow: {
          present: true,
          ready: true,
          notes: [],
          gaps: [],
          isolation: 'namespaces',
          activity: 'episode e-48: latency@payments, trial 1',
        },
      },
      policy: { version: 'p-2026.11+r3', kind: 'onnx', notes: [] },
      modes,
      xds: {
        pushes: 412,
        acks: 409,
        nacks: 0,
        address: 'unix:/run/umbra/shop/production.sock',
        nodes: ['production', 'shadow'].flatMap((world) =>
          ['ingress', 'storefront-0', 'storefront-1', 'catalog-0', 'payments-0'].map((id) => ({
            id: `${world}/${id}`,
            world: world as SeenWorld,
            connected: true,
            acknowledged: true,
            refused: [],
            metricsAt: start,
          })),
        ),
      },
      budget: { balance: 364, capacity: 600, perHour: 600 },
      denied: { 'literal address': 2, 'absolute path': 1 },
      deniedTargets: [
        { what: '203.0.113.9:443', count: 2 },
        { what: 'production/data', count: 1 },
      ],
      notes: [],
    },
    status() {
      const frozen = { ...plane.status_ };
      return {
        ...frozen,
        xds: { ...frozen.xds, nodes: frozen.xds.nodes.map((n) => ({ ...n, metricsAt: clock.now() })) },
      };
    },
    topology: () => shop,
    latest: (world) => latest[world],
    history: (world) => history[world].read(),
    leases: (world) => records.leases[world],
    learning: () => ({
      trainingSteps: 18_240,
      loss: 0.0121,
      policyVersion: 'p-2026.11+r3',
      experiences: 412,
      promotions: 3,
    }),
    fidelity: () => ({
      score: 0.964,
      interval: [0.951, 0.974],
      compared: 9_412,
      windows: 212,
      unfaultedShare: 0.42,
      routes: [
        {
          route: 'recommendations',
          compared: 411,
          status: 1,
          structure: 0.512,
          pairs: 34,
          noiseFloor: 0.412,
          score: 0.871,
          interval: [0.79, 1],
        },
        {
          route: 'cart-writes',
          compared: 702,
          status: 0.937,
          structure: 0.991,
          pairs: 0,
          score: 0.929,
          interval: [0.907, 0.945],
          note: 'never sent twice: not corrected by a noise floor',
        },
        {
          route: 'products',
          compared: 8_268,
          status: 0.998,
          structure: 1,
          pairs: 397,
          noiseFloor: 0.003,
          score: 1,
          interval: [0.996, 1],
        },
        { route: 'checkout', compared: 31, pairs: 0, note: 'too few: 31 answers compared of 50' },
      ],
    }),
    mirror: () => ({
      share: 1,
      mirrored: 22_410,
      dropped: { 'over the cap': 12, 'in flight': 3 },
      skipped: { upgrade: 1 },
      compared: 22_380,
      differing: 31,
      alive: true,
    }),
    report: () =>
      buildReport({
        since: start - 900_000,
        traffic: { offered: 37_800, good: 37_411 },
        mirror: plane.mirror(),
        episodes: records.episodes,
        decisions: records.decisions,
        patterns: records.patterns,
        incidents: records.incidents,
        fidelity: plane.fidelity(),
        leakedWrites: 0,
        denied: plane.status_,
        xds: plane.status_.xds,
        learning: plane.learning(),
      }),
    storeProblem: () => undefined,
    async override(request) {
      const { order, by, reason, ttlMs } = request;
      if (order.type === 'undo' && !records.leases.production.some((l) => l.id === order.lease))
        throw new UmbraError('UMB0702', `no mitigation ${order.lease} is in force`);
      given.push(request);
      const now = clock.now();
      const made: Override = { id: `o-${++serial}`, order, by, reason, createdAt: now, expiresAt: now + ttlMs };
      if (order.type === 'undo') {
        for (const world of ['production', 'shadow'] as const) {
          records.leases[world] = records.leases[world].filter((l) => l.id !== order.lease);
          emit({ type: 'leases', world });
        }
      } else overrides = [made, ...overrides];
      if (order.type === 'mode') modes[order.service] = order.mode;
      emit({ type: 'overrides' });
      audit(by, order.type, order.type === 'undo' ? order.lease : JSON.stringify(order), { reason });
      return made;
    },
    overrides: () => overrides,
    async cancelOverride(id, by) {
      if (!overrides.some((o) => o.id === id)) throw new UmbraError('UMB0804', `there is no override ${id}`);
      overrides = overrides.filter((o) => o.id !== id);
      emit({ type: 'overrides' });
      audit(by, 'cancel', id, {});
    },
    decideBy() {},
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return plane;
}
