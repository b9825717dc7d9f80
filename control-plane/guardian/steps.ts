import type { AlertKind } from '../mesh/alert.ts';
import { isOwn } from '../mesh/lease.ts';
import { MAX_STEPS, type Mitigation, type Plan } from '../mesh/mitigation.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import type { Diagnosis, Incident } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import { RECOVERY } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { decide, type Proposal, type Untreated } from './decide.ts';
import type { DecisionLog } from './decisions.ts';
import type { GuardianOptions } from './guardian.ts';
import type { IncidentBook } from './incidents.ts';
import { servicesOf } from './masks.ts';
import type { Overrides } from './overrides.ts';
import type { GuardianEvent } from './ports.ts';
import type { Proposals } from './proposals.ts';
import type { RefusalsAt } from './refusals.ts';
import type { Trials } from './trials.ts';
import type { Trust } from './trust.ts';

/** What a step is decided on. */
export interface Moment {
  readonly snapshot: Snapshot;
  readonly diagnosis: Diagnosis;
  /** The last windows, newest last. */
  readonly history: readonly Snapshot[];
  /** Goodput with what is in force now, no trial running: what the step is judged against. */
  readonly untreated: readonly Goodness[];
}

/** The steps of one incident, one after the other. */
export interface Steps {
  /** An incident begins, or is open again: nothing was tried in it. */
  begin(): void;
  /** Decides the next step of the open incident and puts it on trial, asks the operator, or waits. */
  next(now: Moment): Promise<void>;
}

export interface StepsOptions
  extends Pick<
    GuardianOptions,
    'world' | 'store' | 'logger' | 'policy' | 'staticPolicy' | 'learned' | 'verifyInShadow' | 'threshold'
  > {
  readonly rng: Rng;
  readonly book: IncidentBook;
  readonly log: DecisionLog;
  readonly trials: Trials;
  readonly proposals: Proposals;
  readonly overrides: Overrides;
  readonly trust: Trust;
  readonly refusalsAt: RefusalsAt;
  /** What this incident tried in vain, with the reason it is not tried again. */
  readonly tried: Map<string, string>;
  readonly healthy: () => HealthyState;
  readonly emit: (event: GuardianEvent) => void;
}

/** Mitigations tried in one incident before the guardian gives up and calls for a person. */
const MAX_TRIES = 12;
/** After a step that helped, goodput at this level is given a few windows to settle before another step. */
const NEARLY = 0.88;
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

export function createSteps(options: StepsOptions): Steps {
  const { world, store, logger, learned, rng, book, log, trials, proposals, overrides, trust, tried, emit } = options;
  const { topology } = world;
  let tries = 0;
  let waits = 0;
  let shadowPlan: Plan = [];
  /** The incident's state when its first step was decided, and goodput then. */
  let first: { readonly context: DecisionContext; readonly ratio: number } | undefined;

  function context({ snapshot, diagnosis, history }: Moment, incident: Incident): DecisionContext {
    const inForce = world.leases().filter((l) => l.type === 'mitigation');
    const healthy = options.healthy();
    const capabilities = world.capabilities();
    const steps = incident.plan;
    return {
      topology,
      history,
      healthy,
      diagnosis,
      inForce,
      steps,
      onset: incident.onset,
      now: snapshot.at,
      capabilities,
      mask: options.refusalsAt(snapshot, diagnosis),
    };
  }

  async function next(now: Moment): Promise<void> {
    const incident = book.current()!;
    const { snapshot, diagnosis, untreated } = now;
    if (recovering(incident, untreated)) return;
    if (incident.plan.length >= MAX_STEPS || tries >= MAX_TRIES) {
      const why = tries >= MAX_TRIES ? `${tries} mitigations were tried` : `the plan has ${MAX_STEPS} steps`;
      giveUp(incident, 'gave-up', `${why} and users are still impaired: a person is needed`);
      return;
    }
    const ctx = context(now, incident);
    const { ratio } = pooled(untreated);
    if (incident.plan.length === 0) first = { context: ctx, ratio };
    const before: Untreated | undefined =
      first && incident.plan.length > 0
        ? { context: first.context, gained: Math.max(0, ratio - first.ratio) }
        : undefined;
    const last = world.leases().findLast(isOwn);
    const deps = {
      learned,
      patterns: store.patterns.list(),
      policy: options.policy(),
      staticPolicy: options.staticPolicy,
      credit: options.policy().unconditional ? 1 : trust.credit(options.policy().version),
      threshold: patience(options.threshold ?? 0.02, waits),
      rng,
      untreated: before,
      keepLast:
        last &&
        (overrides.holds(last.mitigation) ?? (proposals.offersRemoval(last.id) ? 'it waits for approval' : undefined)),
    };
    const asksOperator = (m: Mitigation) => {
      const mode = overrides.modeFor(m);
      return mode === 'auto' ? undefined : `mode ${mode}`;
    };
    let proposal = await decide(ctx, deps);
    if (proposal.steps.some(asksOperator) && proposals.known(proposal))
      proposal = await decide(ctx, deps, asksOperator);
    // Scoring takes a while: an order may have come, an offer been approved, the incident's end been told. The next window decides anew.
    if (trials.current() || book.current()?.id !== incident.id || proposal.steps.some((m) => ctx.mask(m) !== undefined))
      return;
    if (proposal.fallback) book.note(`The static policy decided: ${proposal.fallback}`);
    if (incident.signature !== proposal.signature && incident.firstActionAt === undefined)
      book.change((i) => (i.signature = proposal.signature));
    if (proposal.action === 'wait') return waiting(ctx, proposal, incident, now);
    waits = 0;
    if (proposal.action === 'remove-last') return takeBackLast(proposal, now);
    const mode = overrides.modeOf(proposal.steps.flatMap((m) => servicesOf(m, topology)));
    if (mode !== 'auto') return proposals.ask(proposal, mode, snapshot, diagnosis, pooled(untreated));
    tries++;
    trials.apply(proposal, snapshot, diagnosis, without(untreated));
  }

  /** Users are well again but not for long enough to say so: a further step could only harm. */
  function recovering(incident: Incident, untreated: readonly Goodness[]): boolean {
    const { ratio } = pooled(untreated.slice(-2));
    return ratio >= RECOVERY.ratio || (incident.plan.length > 0 && ratio >= NEARLY && untreated.length < 3);
  }

  function waiting(ctx: DecisionContext, proposal: Proposal, incident: Incident, now: Moment): void {
    const { snapshot, diagnosis, untreated } = now;
    const allowed = proposal.candidates.flatMap((c) =>
      c.masked === undefined && c.action.do === 'apply' ? [c.action.mitigation] : [],
    );
    if (waits === 0 && incident.decisions.length === 0) log.add({ do: 'wait' }, proposal, snapshot, diagnosis);
    // Whether anything confident is known is not asked while nothing may be done.
    const frozen = overrides.frozen(allowed.length > 0 ? [] : diagnosis.origins.map((o) => o.service));
    if (frozen) {
      giveUp(incident, 'frozen', `Users are impaired and nothing is changed: ${frozen}`);
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
      trials.apply(proven, snapshot, diagnosis, without(untreated));
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
    if (waits === 3) {
      const message = `Nothing confident is known against "${proposal.signature}": ${proposal.why}`;
      giveUp(incident, 'nothing-confident', message);
    }
  }

  function giveUp(incident: Incident, kind: AlertKind<'production'>, message: string): void {
    if (incident.notes.includes(message)) return;
    book.note(message);
    logger.warn({ incident: incident.id }, message);
    emit({ type: 'alert', kind, message, incident: incident.id });
  }

  function takeBackLast(proposal: Proposal, { snapshot, diagnosis, untreated }: Moment): void {
    const last = world.leases().findLast(isOwn);
    if (!last || overrides.holds(last.mitigation)) return;
    if (overrides.modeFor(last.mitigation) === 'approve') {
      proposals.askRemoval(last, proposal, snapshot, diagnosis);
      return;
    }
    tries++;
    trials.takeBack(last, snapshot, diagnosis, pooled(untreated), proposal);
  }

  return {
    begin() {
      tried.clear();
      tries = 0;
      waits = 0;
      shadowPlan = [];
      first = undefined;
    },
    next,
  };
}
