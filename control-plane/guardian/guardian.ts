import type { Clock } from '../mesh/clock.ts';
import { isOwn } from '../mesh/lease.ts';
import { describeMitigation, type Plan } from '../mesh/mitigation.ts';
import type { DecisionContext, Policy } from '../mesh/policy.ts';
import type { Diagnosis, Incident, Mode, Override } from '../mesh/record.ts';
import { type Rng, rngOf } from '../mesh/rng.ts';
import { goodRatio, type HealthyState, type Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';
import type { ServiceId } from '../mesh/topology.ts';
import type { World } from '../mesh/world.ts';
import { averageOf } from '../telemetry/average.ts';
import { createDetector, recovered } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { createHealthyTracker } from '../telemetry/healthy.ts';
import { createAudit, GUARDIAN } from './audit.ts';
import { createCleanRule } from './clean.ts';
import { createDecisionLog } from './decisions.ts';
import { createIncidentBook } from './incidents.ts';
import { createOperator, type OverrideRequest } from './operator.ts';
import { createOverrides } from './overrides.ts';
import type { GuardianEvent, Learned, Log } from './ports.ts';
import { createProposals } from './proposals.ts';
import { createRefusals } from './refusals.ts';
import { createRelease, type ReleaseOptions } from './release.ts';
import { createRemovals } from './removals.ts';
import { createSteps } from './steps.ts';
import { createTerms } from './terms.ts';
import { PROBE_MS } from './trial.ts';
import { createTrials } from './trials.ts';
import { createTrust } from './trust.ts';
import { unjudgedIn } from './unjudged.ts';

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

/** After a start, windows before an incident of before may count as over: the detector needs some to see anything. */
const RESUME_WINDOWS = 6;
const HEALTHY_EVERY_MS = 30_000;
/** After a start, decisions among which those without a verdict are looked for: the newest incident's and many more. */
const DECISIONS_READ = 500;

/**
 * Production's loop: detect, decide (pattern, else policy, else alert), apply as a lease, verify, keep or take back, next step;
 * after recovery it takes back what is no longer needed. A freeze stops every change, but a trial already running is still
 * judged and, if it does harm, taken back: removal always leads towards what the operator's documents ask for. What is away for
 * a probe comes back only where no order stands against it.
 */
export function createGuardian(options: GuardianOptions): Guardian {
  const { world, store, clock, logger, learned } = options;
  const { topology } = world;
  const emit = (event: GuardianEvent) => options.onEvent?.(event);
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
  /** Windows in which users were seen. */
  let seen = 0;
  /** They are not, and that was said. */
  let unseen = false;
  let healthySavedAt = Number.NEGATIVE_INFINITY;
  /** The last window in which something was taken away to see whether it is still needed. */
  let probedAt = Number.NEGATIVE_INFINITY;
  /** When something went that may still be needed: undone, expired, or away for a probe and kept by an order from coming back. */
  let lostAt = Number.NEGATIVE_INFINITY;
  /** Goodput with what is in force now, no trial running: what the next step is judged against. */
  let untreated: Goodness[] = [];
  /** Windows {@link untreated} must hold before the next step. */
  let needed = 1;

  const onLost = () => {
    lostAt = clock.now();
  };
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
    overrides,
    release,
    tried,
    learned,
    healthy: tracker.current,
    onLost,
    onEnded: (windows) => {
      untreated = [...windows];
      needed = windows.length > 0 ? 1 : 2;
    },
  });
  const terms = createTerms({ world, clock, audit, book, overrides, onLost });
  const refusalsAt = createRefusals({ world, healthy: tracker.current, overrides, tried });
  const proposals = createProposals({
    clock,
    book,
    log,
    trials,
    removalRefusal: ({ id, mitigation }) =>
      overrides.holds(mitigation) ??
      (ownLeases().some((l) => l.id === id) ? undefined : `${describeMitigation(mitigation)} is not in force`),
    expected: () => pooled(detector.recent().slice(-5)),
    refusal: (m) => {
      const latest = history.at(-1);
      return latest && diagnosis ? refusalsAt(latest, diagnosis)(m) : 'nothing was seen of production yet';
    },
  });
  const steps = createSteps({
    ...options,
    rng: options.rng ?? rngOf(clock.now()),
    book,
    log,
    trials,
    proposals,
    overrides,
    trust,
    refusalsAt,
    tried,
    healthy: tracker.current,
    emit,
  });
  const removals = createRemovals({
    world,
    overrides,
    book,
    release,
    trials,
    proposals,
    policyVersion: () => options.policy().version,
    recent: detector.recent,
    emit,
  });
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
    onLost,
    healthy: tracker.current,
    storeProblem: () => store.problem(),
  });

  const ownLeases = () => world.leases().filter(isOwn);
  if (ownLeases().length > 0) release.start(clock.now());

  /** Once a silence: without the users' entry nothing is judged, decided or learned, in an incident or out of one. */
  function sayUnseen({ gaps }: Snapshot): void {
    if (unseen) return;
    unseen = true;
    logger.warn({ gaps }, 'the users’ entry is not heard: production is not judged until it is');
    if (book.current()?.state === 'open')
      book.note('The users’ entry was not heard for a while: nothing was judged then');
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
    steps.begin();
    untreated = detector.recent().slice(-2);
    needed = 1;
  }

  /** Users may not yet have noticed what went: they are watched as long as a probe watches them. */
  const missed = (snapshot: Snapshot) => snapshot.at - lostAt < PROBE_MS;

  async function window(snapshot: Snapshot): Promise<void> {
    const d = detector.update(snapshot, tracker.current());
    const now = detector.recent().at(-1)!;
    diagnosis = d;
    if (now.unseen) sayUnseen(snapshot);
    else {
      unseen = false;
      seen++;
      history = [...history.slice(-9), snapshot];
    }
    const touched = world.leases().some((l) => l.type === 'mitigation' && l.owner !== 'static');
    const incidentBefore = book.current();
    const health = clean(d, now, !tracker.ready(), touched || incidentBefore !== undefined);
    tracker.update(snapshot, health);
    if (health === 'clean' && tracker.ready() && snapshot.at - healthySavedAt >= HEALTHY_EVERY_MS) {
      healthySavedAt = snapshot.at;
      store.putHealthy(world.name, tracker.current());
    }
    if (seen === 1 && !now.unseen)
      trials.resume(unjudgedIn(world.leases(), store.decisions.list({ limit: DECISIONS_READ })));
    await operator.expire();
    terms.keep();
    removals.tell();
    proposals.expire(d.impaired);
    const bare = incidentBefore?.state === 'mitigated' && ownLeases().length === 0;
    if (trials.current()?.kind === 'remove' || bare || missed(snapshot)) probedAt = snapshot.at;
    if (d.impaired && incidentBefore?.state !== 'open' && trials.current()?.kind !== 'remove') open(snapshot, d);
    if (!now.unseen) book.observe(snapshot, d);

    const ended = await trials.judge(snapshot, now);
    if (now.unseen || trials.current()) return;
    const incident = book.current();
    if (d.impaired && incident?.state === 'open') {
      if (!ended) untreated = [...untreated.slice(-2), now];
      if (untreated.length >= needed && trials.mayAct(snapshot.at))
        await steps.next({ snapshot, diagnosis: d, history, untreated });
    } else if (incident?.state === 'open' && seen >= RESUME_WINDOWS) {
      const left = ownLeases().length;
      if (left === 0 && missed(snapshot)) return;
      trials.credit(pooled(detector.recent().slice(-3)), snapshot.at);
      book.recover(Math.max(incident.detectedAt, snapshot.at - 2 * snapshot.windowMs), left);
      logger.info({ incident: incident.id, plan: incident.plan.map(describeMitigation) }, 'production is well again');
      if (left > 0) release.start(snapshot.at);
    } else if (!d.impaired && seen >= RESUME_WINDOWS) {
      if (ownLeases().length > 0) removals.next(snapshot, d);
      else if (incident && !missed(snapshot) && recovered(detector.recent())) book.close(snapshot.at);
    }
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
