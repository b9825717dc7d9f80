import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { faultKinds } from '../mesh/fault.ts';
import { mitigationKinds } from '../mesh/mitigation.ts';
import { goodRatio } from '../mesh/snapshot.ts';
import { type Plane, type PlaneEvent, type RouteFidelityStatus, seenWorlds } from './plane.ts';

/** At most one incident is open, and no other is newer. */
const NEWEST_INCIDENTS = 5;
/** The service of what nobody can tell the origin of. */
const UNKNOWN = 'unknown';

/**
 * Prometheus metrics of a plane. Counters count what happened since the process started (Prometheus expects and handles the
 * reset); gauges read the plane when scraped. `close` stops following the plane.
 */
export function createMetrics(plane: Plane): { registry: Registry; close(): void } {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, labelNames: string[], read: (g: Gauge) => void) =>
    new Gauge({
      name: `umbra_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });
  const total = (
    name: string,
    help: string,
    labelNames: string[],
    read: (add: (value: number, labels?: Record<string, string>) => void) => void,
  ) =>
    new Counter({
      name: `umbra_${name}_total`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read((value, labels = {}) => this.inc(labels, value));
      },
    });
  const count = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `umbra_${name}_total`, help, labelNames, registers });

  for (const [name, help, of] of [
    ['offered', 'Requests per second at the users’ entry', (s) => s.entry.offered],
    ['goodput', 'Good answers per second at the users’ entry', (s) => s.entry.good],
    ['good_ratio', 'Good answers as a share of requests', goodRatio],
  ] as [string, string, (s: NonNullable<ReturnType<Plane['latest']>>) => number][]) {
    gauge(name, help, ['world'], (g) => {
      for (const world of seenWorlds) {
        const latest = plane.latest(world);
        if (latest) g.set({ world }, of(latest));
      }
    });
  }
  gauge('window_timestamp_seconds', 'End of the newest window', ['world'], (g) => {
    for (const world of seenWorlds) {
      const latest = plane.latest(world);
      if (latest) g.set({ world }, latest.at / 1000);
    }
  });
  gauge('leases', 'Faults and mitigations in force', ['world', 'type'], (g) => {
    for (const world of seenWorlds) {
      for (const type of ['fault', 'mitigation']) {
        g.set({ world, type }, plane.leases(world).filter((l) => l.type === type).length);
      }
    }
  });
  gauge('patterns', 'Patterns in the store', ['status'], (g) => {
    for (const status of ['candidate', 'trusted', 'retired']) g.set({ status }, 0);
    for (const { status } of plane.records.patterns.list()) g.inc({ status });
  });
  gauge('budget_balance_risk_seconds', 'What is left of the chaos budget', [], (g) =>
    g.set(plane.status().budget.balance),
  );
  gauge('machine_busy', 'Share of the machine in use by what does not give way to production', [], (g) => {
    const { busy } = plane.status().budget;
    if (busy !== undefined) g.set(busy);
  });
  gauge('mirror_share', 'Share of the declared mirrored traffic that is copied just now', [], (g) =>
    g.set(plane.mirror().share),
  );
  gauge('policy_info', '1, with the policy in force', ['version', 'kind'], (g) => {
    const { version, kind } = plane.status().policy;
    g.set({ version, kind }, 1);
  });
  gauge('shadow_fidelity', 'How far the unfaulted shadow answers as production does', [], (g) => {
    const { score } = plane.fidelity();
    if (score !== undefined) g.set(score);
  });
  for (const [name, help, of] of [
    ['fidelity', 'How far the unfaulted shadow answers a route as production does', (r) => r.score],
    ['fidelity_low', 'Lower end of the 95% interval of a route’s fidelity', (r) => r.interval?.[0]],
    [
      'noise_floor',
      'Share of a route’s requests that the shadow, asked twice, answers differently',
      (r) => r.noiseFloor,
    ],
  ] as [string, string, (r: RouteFidelityStatus) => number | undefined][]) {
    gauge(`shadow_route_${name}`, help, ['route'], (g) => {
      for (const route of plane.fidelity().routes) {
        const value = of(route);
        if (value !== undefined) g.set({ route: route.route }, value);
      }
    });
  }
  total('shadow_route_compared', 'Answers of the unfaulted shadow held against production’s', ['route'], (add) => {
    for (const { route, compared } of plane.fidelity().routes) add(compared, { route });
  });
  gauge('shadow_unfaulted_share', 'Share of the shadow’s time without a fault', [], (g) =>
    g.set(plane.fidelity().unfaultedShare),
  );
  gauge('overrides', 'Standing orders', [], (g) => g.set(plane.overrides().length));
  gauge('frozen', '1 for a service an operator has frozen, by itself or with everything', ['service'], (g) => {
    const orders = plane.overrides().flatMap(({ order }) => (order.type === 'freeze' ? [order] : []));
    for (const service of Object.keys(plane.status().modes))
      g.set({ service }, orders.some((o) => o.service === undefined || o.service === service) ? 1 : 0);
  });
  gauge('incidents_open', 'Incidents in which users suffer now, by where they most likely began', ['service'], (g) => {
    for (const service of Object.keys(plane.topology().services)) g.set({ service }, 0);
    for (const { state, origins } of plane.records.incidents.list({ limit: NEWEST_INCIDENTS }))
      if (state === 'open') g.inc({ service: origins[0] ?? UNKNOWN });
  });
  gauge('proxies', 'Sidecars by state', ['world', 'state'], (g) => {
    for (const node of plane.status().xds.nodes) {
      g.inc({ world: node.world, state: !node.connected ? 'away' : node.acknowledged ? 'acknowledged' : 'behind' });
    }
  });
  total('training_steps', 'Steps of training', [], (add) => add(plane.learning().trainingSteps));
  total('mirrored', 'Copies the shadow took', [], (add) => add(plane.mirror().mirrored));
  total('mirror_dropped', 'Copies not sent or not answered', ['reason'], (add) => {
    for (const [reason, n] of Object.entries(plane.mirror().dropped)) add(n, { reason });
  });
  total('mirror_skipped', 'Requests that cannot be copied', ['reason'], (add) => {
    for (const [reason, n] of Object.entries(plane.mirror().skipped)) add(n, { reason });
  });
  total('denied', 'Attempts of the shadow to leave its walls', ['what'], (add) => {
    for (const [what, n] of Object.entries(plane.status().denied)) add(n, { what });
  });
  total(
    'denied_target',
    'Attempts of the shadow to leave its walls, by target, the most often tried',
    ['target'],
    (add) => {
      for (const { what, count: n } of plane.status().deniedTargets) add(n, { target: what });
    },
  );
  const opened = count('incidents_opened', 'Incidents in production that have begun', []);
  const incidents = count('incidents', 'Incidents in production by what healed them', ['source']);
  const episodes = count('episodes', 'Finished episodes by class of fault', ['class', 'control']);
  const tried = count('mitigations_tried', 'Mitigations whose trial ended', ['world', 'class']);
  const successful = count('mitigations_successful', 'Mitigations kept by their trial', ['world', 'class']);
  const buckets = [0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 60, 120];
  const detection = new Histogram({
    name: 'umbra_detection_delay_seconds',
    help: 'From onset to detection',
    labelNames: ['world'],
    buckets,
    registers,
  });
  const recovery = new Histogram({
    name: 'umbra_recovery_seconds',
    help: 'From onset to recovery in production',
    buckets,
    registers,
  });

  const { startedAt } = plane.status();
  const once = seen(10_000);
  const follow = (event: PlaneEvent) => {
    if (event.type === 'incident') {
      const { id, onset, detectedAt, recoveredAt, closedAt, source } = event.incident;
      // One of before a restart goes on; it was counted then.
      if (detectedAt >= startedAt && once(`detected ${id}`)) {
        opened.inc();
        detection.observe({ world: 'production' }, Math.max(0, detectedAt - onset) / 1000);
      }
      if (recoveredAt !== undefined && once(`recovered ${id}`))
        recovery.observe(Math.max(0, recoveredAt - onset) / 1000);
      if ((closedAt ?? recoveredAt) !== undefined && once(`closed ${id}`)) incidents.inc({ source });
    } else if (event.type === 'episode') {
      const { id, endedAt, fault, control, detectedAfterMs } = event.episode;
      if (endedAt === undefined || !once(`episode ${id}`)) return;
      episodes.inc({ class: faultKinds[fault.kind].class, control: String(control) });
      if (detectedAfterMs !== undefined) detection.observe({ world: 'shadow' }, detectedAfterMs / 1000);
    } else if (event.type === 'decision') {
      const { id, world, action, outcome } = event.decision;
      if (action.do !== 'apply' || !outcome || outcome.verdict === 'refused' || !once(`decision ${id}`)) return;
      const labels = { world, class: mitigationKinds[action.mitigation.kind].class };
      tried.inc(labels);
      if (outcome.verdict === 'kept') successful.inc(labels);
    }
  };
  const unsubscribe = plane.subscribe(follow);
  return {
    registry,
    close() {
      unsubscribe();
      registry.clear();
    },
  };
}

/** True the first time a key is given; the oldest keys are forgotten beyond `most`. */
function seen(most: number): (key: string) => boolean {
  const keys = new Set<string>();
  return (key) => {
    if (keys.has(key)) return false;
    keys.add(key);
    if (keys.size > most) keys.delete(keys.values().next().value!);
    return true;
  };
}
