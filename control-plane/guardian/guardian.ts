import type { Clock } from '../mesh/clock.ts';
import type { MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, MAX_STEPS, type Mitigation, type Plan } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { Diagnosis, Incident, Mode, Override } from '../mesh/record.ts';
import { type Rng, rngOf } from '../mesh/rng.ts';
import { goodRatio, type HealthyState, type Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';
import type { ServiceId } from '../mesh/topology.ts';
import type { World } from '../mesh/world.ts';
import { averageOf } from '../telemetry/average.ts';
import { createDetector, RECOVERY } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { createHealthyTracker } from '../telemetry/healthy.ts';
import { createAudit, GUARDIAN } from './audit.ts';
import { createCleanRule } from './clean.ts';
import { decide, type Proposal, type Untreated } from './decide.ts';
import { createDecisionLog } from './decisions.ts';
import { createIncidentBook } from './incidents.ts';
import { maskOf, servicesOf, usersOf } from './masks.ts';
import { createOperator, type OverrideRequest } from './operator.ts';
import { createOverrides } from './overrides.ts';
import type { GuardianEvent, Learned, Log } from './ports.ts';
import { createProposals } from './proposals.ts';
import { createRelease, type ReleaseOptions } from './release.ts';
import { createTrials } from './trials.ts';
import { createTrust } from './trust.ts';

export interface GuardianOptions {
  readonly world: World;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Log;
  /** The learned policy in force now; asked anew at every decision, so that a promotion counts at once. */
  readonly policy: () => Policy;
  /** Decides when the learned one is unusable or lost its credit. */
  readonly staticPolicy: Policy;
  readonly learned: Learned;
  /** What the documents allow for a service; orders of the operator come on top. */
  readonly modeOf: (service: ServiceId) => Mode;
  /** Tries candidates on a reproduction of the incident and gives the plan that helped; asked where nothing is confident. */
  readonly verifyInShadow?: (context: DecisionContext, candidates: Plan) => Promise<Plan | undefined>;
  readonly onEvent?: (event: GuardianEvent) => void;
  /** The least lower bound (share of goodput) acted on; default 0.02. */
  readonly threshold?: number;
  readonly release?: ReleaseOptions;
  readonly rng?: Rng;
}

/** What others may know of production's state at any moment. */
export interface GuardianState {
  /** The healthy state is known; before that nothing is judged. */
  readonly ready: boolean;
  readonly impaired: boolean;
  readonly incidentOpen: boolean;
  readonly goodRatio: number;
  /** 0..1: how far the learned policy is trusted. */
  readonly credit: number;
}

export interface Guardian {
  /** Watches the world until the signal aborts. Errors in one window are logged and the next one is taken. */
  run(signal: AbortSignal): Promise<void>;
  /** Takes one window; {@link run} calls it. Resolves when the window's decision (not its acknowledgement) is made. */
  window(snapshot: Snapshot): Promise<void>;
  /** Carries an order out at once. @throws UmbraError UMB0701, UMB0702; nothing is then in force */
  override(request: OverrideRequest): Promise<Override>;
  /** @throws UmbraError UMB0702 */
  cancelOverride(id: string, by: string): Promise<void>;
  overrides(): readonly Override[];
  modeOf(service: ServiceId): Mode;
  state(): GuardianState;
  diagnosis(): Diagnosis | undefined;
  healthy(): HealthyState;
  /** The incident that is not closed, if any. */
  incident(): Incident | undefined;
}

export type { OverrideRequest };

/** Mitigations tried in one incident before the guardian gives up and calls for a person. */
const MAX_TRIES = 12;
/** After a step that helped, goodput at this level is given a few windows to settle before another step. */
const NEARLY = 0.88;
/** After a start, windows before an incident of before may count as over: the detector needs some to see anything. */
const RESUME_WINDOWS = 6;
const HEALTHY_EVERY_MS = 30_000;
/** Each window that users wait costs more than a step that is verified and taken back: how far the bound asked for gives way. */
const LEAST_THRESHOLD = -0.02;
const PER_WINDOW = 0.02;

const patience = (threshold: number, waits: number) =>
  Math.min(threshold, Math.max(LEAST_THRESHOLD, threshold - PER_WINDOW * waits));

/** Falling by this much from one window to the next, things still get worse. */
const FALLING = 0.1;

/** Goodput to be expected without a change: that of the newest windows, or of the newest alone while things still get worse. */
function without(windows: readonly Goodness[]): Goodness {
  const all = pooled(windows);
  const last = windows.at(-1);
  return last && last.expected > 0 && last.ratio < all.ratio - FALLING ? last : all;
}

/**
 * Production's loop: detect, decide (pattern, else policy, else alert), apply as a lease, verify, keep or take back, next step;
 * after recovery it takes back what is no longer needed. A freeze stops every change, but a trial already running is still
 * judged and, if it does harm, taken back: removal always leads towards what the operator's documents ask for.
 */
export function createGuardian(options: GuardianOptions): Guardian {
  const { world, store, clock, logger, learned } = options;
  const { topology } = world;
  const emit = (event: GuardianEvent) => options.onEvent?.(event);
  const rng = options.rng ?? rngOf(clock.now());
  const audit = createAudit(store, clock, (entry) => emit({ type: 'audit', entry }));
  const overrides = createOverrides({ store, clock, topology, modeOf: options.modeOf });
  const book = createIncidentBook(store, (incident) => emit({ type: 'incident', incident }));
  const log = createDecisionLog({ store, clock, book, emit });
  const detector = createDetector(topology);
  const tracker = createHealthyTracker(topology, store.healthy(world.name));
  const clean = createCleanRule();
  const trust = createTrust(clock);
  const release = createRelease(options.release);
  const tried = new Map<string, string>();

  let history: Snapshot[] = [];
  let diagnosis: Diagnosis | undefined;
  let seen = 0;
  let tries = 0;
  let waits = 0;
  let healthySavedAt = Number.NEGATIVE_INFINITY;
  /** The last window in which something was taken away to see whether it is still needed. */
  let probedAt = Number.NEGATIVE_INFINITY;
  /** Goodput with what is in force now, no trial running: what the next step is judged against. */
  let untreated: Goodness[] = [];
  /** Windows {@link untreated} must hold before the next step. */
  let needed = 1;
  let shadowPlan: Plan = [];
  /** The incident's state when its first step was decided, and goodput then. */
  let first: { readonly context: DecisionContext; readonly ratio: number } | undefined;
  if (ownLeases().length > 0) release.start(clock.now());

  const trials = createTrials({
    world,
    store,
    clock,
    audit,
    logger,
    emit,
    book,
    log,
    trust,
    release,
    tried,
    learned,
    healthy: tracker.current,
    onEnded: (windows) => {
      untreated = [...windows];
      needed = windows.length > 0 ? 1 : 2;
    },
  });
  const proposals = createProposals({ clock, book, log, trials });
  const operator = createOperator({
    world,
    clock,
    audit,
    overrides,
    book,
    log,
    decisions: store.decisions,
    trials,
    proposals,
    emit,
    healthy: tracker.current,
  });

  function ownLeases(): MitigationLease[] {
    return world
      .leases()
      .filter((l) => l.type === 'mitigation')
      .filter((l) => l.owner === 'policy' || l.owner === 'pattern');
  }

  function context(snapshot: Snapshot, incident: Incident, d: Diagnosis): DecisionContext {
    const inForce = world.leases().filter((l) => l.type === 'mitigation');
    const healthy = tracker.current();
    const capabilities = world.capabilities();
    const forbidden = (m: Mitigation) => {
      const services = servicesOf(m, topology);
      const off = overrides.modeOf(services) === 'off' ? `Umbra is off for ${services.join(', ')}` : undefined;
      return off ?? overrides.frozen(services) ?? overrides.forbids(m) ?? tried.get(describeMitigation(m));
    };
    const mask = maskOf({ topology, healthy, latest: snapshot, capabilities, inForce, users: usersOf(d), forbidden });
    const steps = incident.plan;
    return {
      topology,
      history,
      healthy,
      diagnosis: d,
      inForce,
      steps,
      onset: incident.onset,
      now: snapshot.at,
      capabilities,
      mask,
    };
  }

  function open(snapshot: Snapshot, d: Diagnosis): void {
    const usual = tracker.current().goodput;
    if (book.relapse(d, snapshot, probedAt))
      book.change((i) => {
        i.state = 'open';
        const inForce = new Set(ownLeases().map((l) => describeMitigation(l.mitigation)));
        i.plan = i.plan.filter((m) => inForce.has(describeMitigation(m)));
      });
    else {
      book.open(d, snapshot, usual);
      logger.warn({ origins: d.origins.slice(0, 3) }, 'production is impaired');
    }
    tried.clear();
    tries = 0;
    waits = 0;
    shadowPlan = [];
    first = undefined;
    untreated = detector.recent().slice(-2);
    needed = 1;
  }

  async function next(snapshot: Snapshot, d: Diagnosis): Promise<void> {
    const incident = book.current()!;
    if (recovering(incident)) return;
    if (incident.plan.length >= MAX_STEPS || tries >= MAX_TRIES) {
      const why = tries >= MAX_TRIES ? `${tries} mitigations were tried` : `the plan has ${MAX_STEPS} steps`;
      giveUp(incident, `${why} and users are still impaired: a person is needed`);
      return;
    }
    const ctx = context(snapshot, incident, d);
    const { ratio } = pooled(untreated);
    if (incident.plan.length === 0) first = { context: ctx, ratio };
    const before: Untreated | undefined =
      first && incident.plan.length > 0
        ? { context: first.context, gained: Math.max(0, ratio - first.ratio) }
        : undefined;
    const deps = {
      learned,
      patterns: store.patterns.list(),
      policy: options.policy(),
      staticPolicy: options.staticPolicy,
      credit: options.policy().unconditional ? 1 : trust.credit(options.policy().version),
      threshold: patience(options.threshold ?? 0.02, waits),
      rng,
      untreated: before,
    };
    const asksOperator = (m: Mitigation) => {
      const mode = overrides.modeOf(servicesOf(m, topology));
      return mode === 'auto' ? undefined : `mode ${mode}`;
    };
    let proposal = await decide(ctx, deps);
    if (proposal.steps.some(asksOperator) && proposals.known(proposal))
      proposal = await decide(ctx, deps, asksOperator);
    if (proposal.fallback) book.note(`The static policy decided: ${proposal.fallback}`);
    if (incident.signature !== proposal.signature && incident.firstActionAt === undefined)
      book.change((i) => (i.signature = proposal.signature));
    if (proposal.action === 'wait') return waiting(ctx, proposal, incident, snapshot);
    waits = 0;
    if (proposal.action === 'remove-last') return takeBackLast(snapshot, d, proposal);
    const mode = overrides.modeOf(proposal.steps.flatMap((m) => servicesOf(m, topology)));
    if (mode !== 'auto') return proposals.ask(proposal, mode, snapshot, d, pooled(untreated));
    tries++;
    trials.apply(proposal, snapshot, d, without(untreated));
  }

  /** Users are well again but not for long enough to say so: a further step could only harm. */
  function recovering(incident: Incident): boolean {
    const { ratio } = pooled(untreated.slice(-2));
    return ratio >= RECOVERY.ratio || (incident.plan.length > 0 && ratio >= NEARLY && untreated.length < 3);
  }

  function waiting(ctx: DecisionContext, proposal: Proposal, incident: Incident, snapshot: Snapshot): void {
    const allowed = proposal.candidates.flatMap((c) =>
      c.masked === undefined && c.action.do === 'apply' ? [c.action.mitigation] : [],
    );
    if (waits === 0 && incident.decisions.length === 0) log.add({ do: 'wait' }, proposal, snapshot, ctx.diagnosis);
    // Whether anything confident is known is not asked while nothing may be done.
    const frozen = overrides.frozen(allowed.length > 0 ? [] : ctx.diagnosis.origins.map((o) => o.service));
    if (frozen) {
      giveUp(incident, `Users are impaired and nothing is changed: ${frozen}`);
      return;
    }
    waits++;
    const steps = shadowPlan.filter(
      (m) => ctx.mask(m) === undefined && overrides.modeOf(servicesOf(m, topology)) === 'auto',
    );
    if (steps.length > 0) {
      shadowPlan = [];
      const why = 'it healed a reproduction of this incident in the shadow';
      tries++;
      const proven: Proposal = { ...proposal, action: 'apply', steps, source: 'policy', why };
      trials.apply(proven, snapshot, ctx.diagnosis, without(untreated));
      return;
    }
    if (waits === 1 && options.verifyInShadow && allowed.length > 0)
      options.verifyInShadow(ctx, allowed.slice(0, 5)).then(
        (plan) => {
          // An answer that comes after the incident is of no use to the next one.
          if (book.current()?.id === incident.id) shadowPlan = plan ?? [];
        },
        (error) => logger.warn({ err: error }, 'the shadow could not try the candidates'),
      );
    if (waits === 3) giveUp(incident, `Nothing confident is known against "${proposal.signature}": ${proposal.why}`);
  }

  function giveUp(incident: Incident, message: string): void {
    if (incident.notes.includes(message)) return;
    book.note(message);
    logger.warn({ incident: incident.id }, message);
    emit({ type: 'alert', message, incident: incident.id });
  }

  function takeBackLast(snapshot: Snapshot, d: Diagnosis, proposal: Proposal): void {
    const last = ownLeases().at(-1);
    if (!last || overrides.frozen(servicesOf(last.mitigation, topology))) return;
    tries++;
    trials.takeBack(last, snapshot, d, pooled(untreated), proposal);
  }

  async function window(snapshot: Snapshot): Promise<void> {
    history = [...history.slice(-9), snapshot];
    seen++;
    const d = detector.update(snapshot, tracker.current());
    const now = detector.recent().at(-1)!;
    diagnosis = d;
    const touched = world.leases().some((l) => l.type === 'mitigation' && l.owner !== 'static');
    const incidentBefore = book.current();
    const good = clean(d, now, !tracker.ready(), touched || incidentBefore !== undefined);
    tracker.update(snapshot, good);
    if (good && tracker.ready() && snapshot.at - healthySavedAt >= HEALTHY_EVERY_MS) {
      healthySavedAt = snapshot.at;
      store.putHealthy(world.name, tracker.current());
    }
    await operator.expire();
    proposals.expire(d.impaired);
    if (d.impaired && incidentBefore?.state !== 'open' && trials.current()?.kind !== 'remove') open(snapshot, d);
    book.observe(snapshot, d);
    if (trials.current()?.kind === 'remove') probedAt = snapshot.at;

    const ended = await trials.judge(snapshot, now);
    if (trials.current()) return;
    const incident = book.current();
    if (d.impaired && incident?.state === 'open') {
      if (!ended) untreated = [...untreated.slice(-2), now];
      if (untreated.length >= needed && trials.mayAct(snapshot.at)) await next(snapshot, d);
    } else if (incident?.state === 'open' && seen >= RESUME_WINDOWS) {
      const left = ownLeases().length;
      trials.credit(pooled(detector.recent().slice(-3)), snapshot.at);
      book.recover(Math.max(incident.detectedAt, snapshot.at - 2 * snapshot.windowMs), left);
      logger.info({ incident: incident.id, plan: incident.plan.map(describeMitigation) }, 'production is well again');
      if (left > 0) release.start(snapshot.at);
    } else if (!d.impaired && seen >= RESUME_WINDOWS) releaseNext(snapshot, d, incident);
  }

  /** After recovery: one mitigation less for a trial, when it is time. */
  function releaseNext(snapshot: Snapshot, d: Diagnosis, incident: Incident | undefined): void {
    const own = ownLeases();
    if (own.length === 0) {
      if (incident) book.close(snapshot.at);
      return;
    }
    const origins = incident?.origins.slice(0, 1) ?? [];
    const stillIll = d.symptoms.some(
      (s) =>
        s.kind === 'surge' ||
        origins.some((o) => ('service' in s.target ? s.target.service === o : s.target.edge.endsWith(`>${o}`))),
    );
    const lease = release.next(snapshot.at, own, stillIll);
    if (!lease || overrides.frozen(servicesOf(lease.mitigation, topology))) return;
    trials.probe(lease, pooled(detector.recent().slice(-5)));
  }

  return {
    async run(signal) {
      audit(GUARDIAN, 'start', topology.application, { policy: options.policy().version });
      for await (const snapshot of world.observe(signal)) {
        try {
          await window(snapshot);
        } catch (error) {
          logger.error({ err: error }, 'a window could not be judged; nothing was changed for it');
        }
        if (signal.aborted) return;
      }
    },
    window,
    override: operator.override,
    cancelOverride: operator.cancel,
    overrides: overrides.active,
    modeOf: (service) => overrides.modeOf([service]),
    state: () => ({
      ready: tracker.ready(),
      impaired: diagnosis?.impaired ?? false,
      incidentOpen: book.current()?.state === 'open',
      // Over the windows kept: the answers to one window's last requests are counted in the next.
      goodRatio: history.length > 0 ? goodRatio(averageOf(history)) : 1,
      credit: trust.credit(options.policy().version),
    }),
    diagnosis: () => diagnosis,
    healthy: tracker.current,
    incident: book.current,
  };
}
