import type { Fault, FaultClass } from '../mesh/fault.ts';
import { describeMitigation, type Mitigation, type Plan } from '../mesh/mitigation.ts';
import type { Episode } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';
import { faultOf, keyOf, type Scenario } from './scenarios.ts';

/**
 * What the loop does next. A control repeats a fault, seed and all, without any mitigation; a verification reproduces an incident
 * of production and tries the candidates given, in their order.
 */
export type Job = Lesson | { readonly type: 'verify'; readonly fault: Fault; readonly candidates: Plan };

/** A job of the curriculum's own. */
export type Lesson =
  | { readonly type: 'explore'; readonly scenario: Scenario; readonly fault: Fault }
  | {
      readonly type: 'replay';
      readonly scenario: Scenario;
      readonly fault: Fault;
      readonly plan: Plan;
      /** The episode in which the plan healed it. */
      readonly replayOf: string;
    }
  | { readonly type: 'control'; readonly scenario: Scenario; readonly fault: Fault; readonly controlOf: string };

/** What a pattern still lacks: a control that fails, or one more success. */
export type Need = 'control' | 'success';

export interface CurriculumOptions {
  readonly rng: Rng;
  /** The longest a fault may stand, ms; its lease ends by then whatever happens. */
  readonly faultMs: number;
  /** How hard to shake, 0..1: scales first magnitudes between half and all. */
  readonly intensity?: () => number;
}

/** Decides what to try next and remembers what came of it. */
export interface Curriculum {
  /** The next job; undefined where there is nothing to inject. */
  next(): Lesson | undefined;
  /**
   * What came of an episode, and what the pattern it is evidence for still needs to be trusted. Also fed with stored episodes at
   * a start, oldest first.
   */
  learn(episode: Episode, need?: Need): void;
  /** The world refused the fault: it is set aside. */
  refused(key: string): void;
  /** A job was cut short for a reason of production's: it comes again. */
  again(job: Lesson): void;
}

interface Account {
  tries: number;
  tolerated: number;
  /** Felt, explored, and not healed. */
  failed: number;
  refused: number;
  magnitude: number;
  /** The plan that healed last, and how many controls and replays it was given. */
  plan?: Plan;
  rounds: number;
  /** The first episode in which it healed. */
  healedIn?: string;
  proven: boolean;
}

/** Controls and replays a plan is given to become trusted: one and one at best. */
const ROUNDS = 5;
const MAGNITUDE_STEP = 0.25;
/** Episodes in which a class comes first until one of its faults is felt. */
const CLASS_TRIES = 3;

/**
 * Explore, then the control, then replays of what healed, then something new. Classes of fault not seen yet come first, in turn
 * with what is already waiting, so that neither coverage nor evidence starves the other.
 */
export function createCurriculum(scenarios: readonly Scenario[], options: CurriculumOptions): Curriculum {
  const { rng, faultMs } = options;
  const accounts = new Map<string, Account>(scenarios.map((s) => [s.key, fresh(s)]));
  const byKey = new Map(scenarios.map((s) => [s.key, s]));
  const covered = new Set<FaultClass>();
  const classTries = new Map<FaultClass, number>();
  const seldom = new Map<string, number>();
  let waiting: Lesson[] = [];
  let exploredLast = false;

  const fault = (s: Scenario): Fault => {
    const magnitude = accounts.get(s.key)!.magnitude;
    // Half a kind must stay on its side of one half.
    const gentle = 0.5 + 0.5 * (options.intensity?.() ?? 1);
    const scaled = s.kind === 'outage' || s.kind === 'dependency' ? magnitude : Math.max(0.1, magnitude * gentle);
    return faultOf(s, scaled, faultMs, 1 + rng.below(2 ** 31 - 2));
  };

  function worth(s: Scenario): number {
    const a = accounts.get(s.key)!;
    if (a.refused >= 2) return 0;
    let w = s.prospect ** 2 + 0.05;
    // New is what was not tried, but also a kind, a service or a form (whole, one replica, a part of the calls) seldom tried.
    w /= (1 + a.tries) * (1 + 0.4 * (seldom.get(s.kind) ?? 0)) * (1 + 0.6 * (seldom.get(formOf(s)) ?? 0));
    if (a.tolerated > 0 && a.magnitude >= 1) w *= 0.1;
    if (a.failed >= 2) w *= 0.25;
    if (a.proven) w *= 0.3;
    return w * rng.between(0.8, 1.25);
  }

  function explore(pool: readonly Scenario[]): Lesson | undefined {
    let best: Scenario | undefined;
    let most = 0;
    for (const s of pool) {
      const w = worth(s);
      if (w > most) [best, most] = [s, w];
    }
    return best && { type: 'explore', scenario: best, fault: fault(best) };
  }

  function followUp(s: Scenario, a: Account, episode: Episode, need: Need | undefined): void {
    if (need === undefined) a.proven = a.plan !== undefined;
    if (need === undefined || !a.plan || a.rounds >= ROUNDS || waiting.some((j) => j.scenario.key === s.key)) return;
    a.rounds++;
    const controlOf = episode.controlOf ?? episode.id;
    if (need === 'control') waiting.push({ type: 'control', scenario: s, fault: episode.fault, controlOf });
    else waiting.push({ type: 'replay', scenario: s, fault: episode.fault, plan: a.plan, replayOf: a.healedIn! });
  }

  return {
    next() {
      const uncovered = scenarios.filter((s) => !covered.has(s.class) && accounts.get(s.key)!.refused < 2);
      const queued = waiting[0];
      if (queued && (uncovered.length === 0 || exploredLast)) {
        waiting = waiting.slice(1);
        exploredLast = false;
        return queued;
      }
      const job = explore(uncovered.length > 0 ? uncovered : scenarios) ?? explore(scenarios);
      exploredLast = job !== undefined;
      return job;
    },
    learn(e, need) {
      const key = keyOf(e.fault);
      const a = accounts.get(key);
      const s = byKey.get(key);
      if (!a || !s) return;
      classTries.set(s.class, (classTries.get(s.class) ?? 0) + 1);
      // A class that this application tolerates, here and there, must not keep the others waiting.
      if (e.tookEffect || classTries.get(s.class)! >= CLASS_TRIES) covered.add(s.class);
      if (e.invalid !== undefined) {
        a.tries++;
        return;
      }
      if (e.control) {
        // Recovers by itself: there is nothing to prove here.
        if (e.recovered) a.plan = undefined;
        followUp(s, a, e, need);
        return;
      }
      a.tries++;
      for (const aspect of [s.kind, formOf(s)]) seldom.set(aspect, (seldom.get(aspect) ?? 0) + 1);
      if (e.detectedAfterMs === undefined) {
        a.tolerated++;
        const below = isHalved(s) && s.magnitude < 0.5 ? 0.49 : 1;
        a.magnitude = Math.min(below, a.magnitude + MAGNITUDE_STEP);
        return;
      }
      if (!e.recovered || e.plan.length === 0) {
        a.failed++;
        followUp(s, a, e, a.plan ? 'success' : undefined);
        return;
      }
      if (!a.plan || !sameText(a.plan, e.plan)) {
        a.rounds = 0;
        a.healedIn = e.id;
      }
      a.plan = e.plan;
      followUp(s, a, e, need);
    },
    refused(key) {
      const a = accounts.get(key);
      if (a) a.refused++;
      waiting = waiting.filter((j) => j.scenario.key !== key);
    },
    again(job) {
      if (job.type !== 'explore') waiting = [job, ...waiting];
    },
  };
}

/** Where and in which form a fault strikes, whatever its kind. */
const formOf = (s: Scenario): string => s.key.slice(s.key.indexOf('@'));

const isHalved = (s: Scenario) => s.kind === 'outage' || s.kind === 'dependency';

const fresh = (s: Scenario): Account => ({
  tries: 0,
  tolerated: 0,
  failed: 0,
  refused: 0,
  magnitude: s.magnitude,
  rounds: 0,
  proven: false,
});

const sameText = (a: readonly Mitigation[], b: readonly Mitigation[]) =>
  a.length === b.length && a.every((m, i) => describeMitigation(m) === describeMitigation(b[i]!));
