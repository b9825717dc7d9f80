import type { Clock } from '../mesh/clock.ts';
import type { MitigationLease } from '../mesh/lease.ts';
import { describeMitigation, type Mitigation, mitigationKinds } from '../mesh/mitigation.ts';
import type { Decision, DecisionOutcome, Diagnosis, Pattern } from '../mesh/record.ts';
import { resolve } from '../mesh/resolve.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';
import type { World } from '../mesh/world.ts';
import { type Goodness, goodness, pooled } from '../telemetry/goodness.ts';
import { innerLoad } from '../telemetry/load.ts';
import { type Audit, GUARDIAN } from './audit.ts';
import type { Proposal } from './decide.ts';
import type { DecisionLog } from './decisions.ts';
import { inTime } from './in-time.ts';
import type { IncidentBook } from './incidents.ts';
import type { Overrides } from './overrides.ts';
import type { GuardianEvent, Learned, Log } from './ports.ts';
import type { Release } from './release.ts';
import { LEASE_MS } from './terms.ts';
import { carryOut, figures, outcomeOf, PROBE_MS, PROBE_WINDOWS, planText, type Trial, withoutStep } from './trial.ts';
import type { Trust } from './trust.ts';
import type { Unjudged } from './unjudged.ts';
import { createWaiting } from './waiting.ts';

/** Users who became well later than this after a pattern's trial were not healed by it. */
const HEALS_MS = 15_000;
/** What is taken back or put back is awaited for this long; then it goes on by itself, and production is judged again. */
const AWAIT_MS = 4000;

/** Who approved it, and the decision records it was offered under. */
export interface Approved {
  readonly by: string;
  readonly decisions: readonly Decision[];
}

/** The one change that is on trial in production, and what becomes of it. */
export interface Trials {
  current(): Trial | undefined;
  apply(proposal: Proposal, snapshot: Snapshot, d: Diagnosis, predicted: Goodness, approved?: Approved): void;
  /**
   * Judges anew what was on trial when the control plane died, against the window it was decided on. Nobody's credit hangs on
   * the verdict.
   */
  resume(found: readonly Unjudged[]): void;
  /** The policy wants the last step gone: a removal on trial, put back if it does harm. */
  takeBack(lease: MitigationLease, snapshot: Snapshot, d: Diagnosis, predicted: Goodness, proposal: Proposal): void;
  /** Is it still needed? Taken away on trial, put back if users notice. */
  probe(lease: MitigationLease, predicted: Goodness, approved?: Approved): void;
  /** Takes the window into the trial's judgement; true when the trial ended with it. */
  judge(snapshot: Snapshot, now: Goodness): Promise<boolean>;
  /** False for a while after a mitigation did harm. */
  mayAct(at: number): boolean;
  /** The lease that is away for a probe of removal, by its id. */
  away(leaseId: string): MitigationLease | undefined;
  /**
   * The operator undid this lease: one on trial, one that is away for a probe and does not come back, or one that was kept. The
   * pattern it came from is neither credited nor blamed.
   */
  undone(lease: MitigationLease): void;
  /** Users are well at `at`: evidence for the pattern whose plan is in force, or against it where they became so much later. */
  credit(now: Goodness, at: number): void;
}

export interface TrialsOptions {
  readonly world: World;
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly logger: Log;
  readonly emit: (event: GuardianEvent) => void;
  readonly book: IncidentBook;
  readonly log: DecisionLog;
  readonly trust: Trust;
  readonly overrides: Pick<Overrides, 'forbids' | 'holds'>;
  readonly release: Release;
  /** What this incident tried in vain, with the reason it is not tried again. */
  readonly tried: Map<string, string>;
  readonly learned: Pick<Learned, 'withEvidence'>;
  readonly healthy: () => HealthyState;
  /** What was away for a probe did not come back though users miss it. */
  readonly onLost: () => void;
  /** A trial ended: goodput with what is in force now; empty = to be measured anew. */
  readonly onEnded: (windows: readonly Goodness[]) => void;
}

const incidentOf = ({ incident }: MitigationLease) => (incident === undefined ? {} : { incident });

export function createTrials(options: TrialsOptions): Trials {
  const { world, store, clock, audit, logger, emit, book, trust, overrides, release, tried } = options;
  let trial: Trial | undefined;
  let watched: Goodness[] = [];
  /** While it is not in force. */
  let waiting: ReturnType<typeof createWaiting> | undefined;
  let harms = 0;
  let holdUntil = Number.NEGATIVE_INFINITY;
  let serial = 0;
  let used: { readonly pattern: Pattern; readonly before: number; readonly at: number } | undefined;

  function start(next: Trial): void {
    trial = next;
    watched = [];
    waiting = createWaiting(next);
    void carryOut(next, world).then(() => emit({ type: 'leases', world: 'production' }));
  }

  function leaseOf(m: Mitigation, proposal: Proposal, incident: string | undefined): MitigationLease | string {
    const setting = resolve(m, world.topology, options.healthy());
    if (typeof setting === 'string') return setting;
    const now = clock.now();
    return {
      type: 'mitigation',
      id: `m-${now.toString(36)}-${++serial}`,
      owner: proposal.source === 'pattern' ? 'pattern' : 'policy',
      reason: proposal.why,
      createdAt: now,
      expiresAt: now + LEASE_MS,
      ...(incident === undefined ? {} : { incident }),
      mitigation: m,
      setting,
    };
  }

  function settle(t: Trial, verdict: DecisionOutcome['verdict'], note?: string): void {
    t.ended = true;
    if (trial === t) trial = undefined;
    for (const decision of t.decisions) conclude(t, decision, verdict, note);
  }

  function conclude(t: Trial, decision: Decision, verdict: DecisionOutcome['verdict'], note?: string): void {
    decision.outcome = outcomeOf(t, verdict, clock.now(), note);
    options.log.keep(decision);
  }

  async function fail(
    t: Trial,
    verdict: 'removed-worse' | 'removed-no-better' | 'refused',
    reason: string,
  ): Promise<void> {
    // First of all it is gone: nothing that is recorded below may keep it.
    const removed = Promise.all(t.leases.map((l) => world.remove(l.id))).then(
      () => emit({ type: 'leases', world: 'production' }),
      (err) => logger.error({ err, plan: planText(t.leases) }, 'it was not taken back'),
    );
    settle(t, verdict, reason);
    if (t.policy !== undefined) trust.judge(verdict, t.policy);
    for (const lease of t.leases) {
      tried.set(describeMitigation(lease.mitigation), `tried in this incident: ${reason}`);
      audit(GUARDIAN, 'remove', describeMitigation(lease.mitigation), { lease: lease.id, verdict, reason });
    }
    if (verdict === 'removed-worse') {
      harms++;
      holdUntil = clock.now() + 1000 * 2 ** Math.min(5, harms);
    }
    book.change((i) => {
      i.undone++;
      const gone = new Set(t.leases.map((l) => describeMitigation(l.mitigation)));
      i.plan = i.plan.filter((m) => !gone.has(describeMitigation(m)));
    });
    if (t.pattern && verdict !== 'refused') learn(t.pattern, false, 0);
    used = undefined;
    logger.warn({ plan: planText(t.leases), verdict }, reason);
    await inTime(clock, AWAIT_MS, removed);
    // What did nothing shows in its own windows how things are without it by now; after what may have done harm that has to
    // be measured anew.
    const during = pooled(watched.slice(-2));
    if (verdict === 'removed-no-better' && during.ratio > t.predicted.ratio - 0.05) options.onEnded(watched.slice(-2));
    else options.onEnded(verdict === 'refused' ? [t.predicted] : []);
  }

  function learn(pattern: Pattern, healed: boolean, gain: number): void {
    const before = store.patterns.get(pattern.id) ?? pattern;
    const evidence = {
      signature: before.signature,
      plan: before.plan,
      at: clock.now(),
      healed,
      gain: Math.max(0, gain),
    };
    const cost = before.plan.reduce((sum, m) => sum + mitigationKinds[m.kind].cost, 0);
    const after = options.learned.withEvidence(before, { ...evidence, cost });
    store.patterns.put(after);
    emit({ type: 'pattern', pattern: after });
  }

  async function judgeRemoval(t: Trial, at: number): Promise<boolean> {
    const { verdict, after, windows } = t.last!;
    const done = t.effectiveAt !== undefined && at - t.effectiveAt >= PROBE_MS && windows >= PROBE_WINDOWS;
    if (verdict !== 'worse' && !done) return false;
    if (verdict !== 'worse') {
      settle(t, 'kept', 'users did not notice its removal');
      const gone = new Set(t.leases.map((l) => describeMitigation(l.mitigation)));
      if (book.current()?.state === 'open')
        book.change((i) => (i.plan = i.plan.filter((m) => !gone.has(describeMitigation(m)))));
      release.succeeded(at);
      audit(GUARDIAN, 'release', planText(t.leases), { after });
      options.onEnded(watched.slice(-2));
      return true;
    }
    settle(t, 'removed-worse', 'users noticed its removal');
    release.failed(at);
    const back = Promise.all(t.leases.map((l) => putBack(l, after))).then((all) => {
      emit({ type: 'leases', world: 'production' });
      return all.every(Boolean);
    });
    options.onEnded((await inTime(clock, AWAIT_MS, back)) ? [t.predicted] : watched.slice(-2));
    return true;
  }

  /** Users miss it: it is put back for a whole term, unless an order came meanwhile or the proxies refuse. Whether it is in force again. */
  async function putBack(lease: MitigationLease, after: number): Promise<boolean> {
    const text = describeMitigation(lease.mitigation);
    let reason = overrides.forbids(lease.mitigation) ?? overrides.holds(lease.mitigation);
    if (reason === undefined) {
      const result = await world.apply({ ...lease, createdAt: clock.now(), expiresAt: clock.now() + LEASE_MS });
      const stands = world.leases().some((l) => l.id === lease.id);
      if (result.state === 'effective' && stands) {
        audit(GUARDIAN, 'put back', text, { lease: lease.id, after });
        logger.info({ plan: text }, 'still needed: put back');
        return true;
      }
      // Meanwhile an order may have come.
      reason =
        overrides.forbids(lease.mitigation) ??
        (result.state === 'refused' ? result.reason : 'it was taken back meanwhile');
    }
    const message = `${text} is missed by users and was not put back: ${reason}`;
    audit(GUARDIAN, 'not put back', text, { lease: lease.id, after, reason });
    book.note(message);
    options.onLost();
    emit({ type: 'alert', kind: 'not-put-back', message, ...incidentOf(lease) });
    return false;
  }

  return {
    current: () => trial,
    apply(proposal, snapshot, d, predicted, approved) {
      const incident = book.current();
      const leases: MitigationLease[] = [];
      for (const m of proposal.steps) {
        const lease = leaseOf(m, proposal, incident?.id);
        if (typeof lease === 'string') {
          tried.set(describeMitigation(m), lease);
          return;
        }
        leases.push(lease);
      }
      const decisions =
        approved?.decisions ??
        proposal.steps.map((mitigation, i) =>
          options.log.add({ do: 'apply', mitigation }, proposal, snapshot, d, {
            step: (incident?.plan.length ?? 0) + i + 1,
          }),
        );
      for (const { id, mitigation } of leases)
        audit(approved?.by ?? GUARDIAN, 'apply', describeMitigation(mitigation), {
          lease: id,
          incident: incident?.id,
          why: proposal.why,
        });
      book.change((i) => {
        i.firstActionAt ??= clock.now();
        if (i.plan.length > 0) return;
        i.source = proposal.source === 'pattern' ? 'pattern' : 'policy';
        i.signature = proposal.signature;
      });
      // Another step is needed: what the pattern promised, to heal, it did not keep.
      if (used) learn(used.pattern, false, 0);
      used = proposal.pattern ? { pattern: proposal.pattern, before: predicted.ratio, at: clock.now() } : undefined;
      logger.info({ plan: planText(leases), source: proposal.source }, proposal.why);
      const pattern = proposal.pattern ? { pattern: proposal.pattern } : {};
      const byLearned = proposal.source === 'policy' && proposal.fallback === undefined;
      start({
        kind: 'apply',
        leases,
        decisions,
        predicted,
        loadBefore: innerLoad(snapshot, world.topology.entry),
        startedAt: clock.now(),
        ended: false,
        ...(byLearned ? { policy: proposal.version } : {}),
        ...pattern,
      });
    },
    resume(found) {
      const [first] = found;
      if (!first) return;
      const leases = found.map((f) => f.lease);
      const { entry } = world.topology;
      const { snapshot, diagnosis } = first.decision;
      const inSurge = diagnosis.symptoms.some((s) => s.kind === 'surge');
      const text = planText(leases);
      audit(GUARDIAN, 'judge anew', text, { leases: leases.map((l) => l.id) });
      book.note(`The control plane restarted during the trial of ${text}: it is judged anew`);
      logger.warn({ plan: text }, 'it was on trial when the control plane ended: it is judged anew');
      start({
        kind: 'apply',
        leases,
        decisions: found.map((f) => f.decision),
        predicted: goodness(snapshot, options.healthy(), entry, inSurge),
        loadBefore: innerLoad(snapshot, entry),
        startedAt: clock.now(),
        ended: false,
      });
    },
    takeBack(lease, snapshot, d, predicted, proposal) {
      const decision = options.log.add({ do: 'remove-last' }, proposal, snapshot, d);
      audit(GUARDIAN, 'remove', describeMitigation(lease.mitigation), { lease: lease.id, why: proposal.why });
      start({
        kind: 'remove',
        leases: [lease],
        decisions: [decision],
        predicted,
        loadBefore: 0,
        startedAt: clock.now(),
        ended: false,
      });
    },
    probe(lease, predicted, approved) {
      audit(approved?.by ?? GUARDIAN, 'probe removal', describeMitigation(lease.mitigation), { lease: lease.id });
      start({
        kind: 'remove',
        leases: [lease],
        decisions: approved?.decisions ?? [],
        predicted,
        loadBefore: 0,
        startedAt: clock.now(),
        ended: false,
      });
    },
    async judge(snapshot, now) {
      const t = trial;
      if (!t) return false;
      if (t.refused !== undefined) {
        await fail(t, 'refused', t.refused);
        return true;
      }
      if (!t.verifier) {
        const waited = waiting!(snapshot, now);
        if (waited.do === 'rebase') {
          t.predicted = waited.predicted;
          t.loadBefore = innerLoad(snapshot, world.topology.entry);
          if (used) used = { ...used, before: t.predicted.ratio, at: snapshot.at };
        }
        if (waited.do !== 'give up') return false;
        await fail(t, waited.verdict, waited.reason);
        return true;
      }
      t.last = t.verifier.update(snapshot.at, snapshot.windowMs, now, innerLoad(snapshot, world.topology.entry));
      if (now.unseen) return false;
      if (t.last.windows > 0) watched.push(now);
      if (t.kind === 'remove') return judgeRemoval(t, snapshot.at);
      if (t.last.verdict === 'pending') return false;
      if (t.last.verdict === 'better') {
        settle(t, 'kept');
        if (t.policy !== undefined) trust.judge('kept', t.policy);
        harms = 0;
        book.planned(t.leases.map((l) => l.mitigation));
        options.onEnded(watched.slice(-2));
        return true;
      }
      await fail(
        t,
        t.last.verdict === 'worse' ? 'removed-worse' : 'removed-no-better',
        `${t.last.verdict === 'worse' ? 'it made things worse' : 'it did not help'}: ${figures(t, t.last.after)}`,
      );
      return true;
    },
    mayAct: (at) => at >= holdUntil,
    away: (leaseId) => (trial?.kind === 'remove' ? trial.leases.find((l) => l.id === leaseId) : undefined),
    undone(lease) {
      const text = describeMitigation(lease.mitigation);
      if (used?.pattern.plan.some((m) => describeMitigation(m) === text)) used = undefined;
      const t = trial;
      if (!t?.leases.some((l) => l.id === lease.id)) return;
      if (t.kind === 'remove') {
        settle(t, 'kept', 'the operator undid it while it was away');
        release.succeeded(clock.now());
        options.onEnded(watched.slice(-2));
        return;
      }
      if (t.leases.length > 1) {
        const decision = withoutStep(t, lease.id, clock.now());
        if (decision) conclude(t, decision, 'undone-by-operator');
        watched = [];
        return;
      }
      settle(t, 'undone-by-operator');
      options.onEnded([t.predicted]);
    },
    credit(now, at) {
      const healed = used !== undefined && at - used.at <= HEALS_MS;
      if (used) learn(used.pattern, healed, healed ? now.ratio - used.before : 0);
      used = undefined;
    },
  };
}
