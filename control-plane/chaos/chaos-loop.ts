import type { Learned, Log } from '../guardian/ports.ts';
import type { AlertKind } from '../mesh/alert.ts';
import { backoffMs } from '../mesh/backoff.ts';
import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import { describeFault, type Fault } from '../mesh/fault.ts';
import type { Plan } from '../mesh/mitigation.ts';
import type { Policy } from '../mesh/policy.ts';
import type { Decision, Diagnosis, Episode, Pattern } from '../mesh/record.ts';
import { type Rng, rngOf } from '../mesh/rng.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';
import type { FaultableWorld } from '../mesh/world.ts';
import type { Budget } from './budget.ts';
import { type Curriculum, createCurriculum, type Job, type Lesson } from './curriculum.ts';
import { endCutShort } from './cut-short.ts';
import { type EpisodeResult, runEpisode } from './episode.ts';
import { episodeId, lastSerial } from './episode-id.ts';
import { createEvidence } from './evidence.ts';
import type { Experience } from './experience.ts';
import { createProblems } from './problems.ts';
import type { ProductionCost } from './production-cost.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { reproductionOf } from './reproduce.ts';
import { keyOf, type ScenarioOptions, scenariosOf } from './scenarios.ts';
import { createShadowState } from './shadow-state.ts';
import { createTally, type Tally } from './tally.ts';
import { MOST_PAUSE_MS } from './until-done.ts';
import { createVerifications } from './verifications.ts';

export type ChaosEvent =
  | { readonly type: 'episode'; readonly episode: Episode }
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'pattern'; readonly pattern: Pattern }
  | { readonly type: 'leases'; readonly world: 'shadow' }
  | { readonly type: 'alert'; readonly kind: AlertKind<'shadow'>; readonly message: string };

export interface ChaosOptions {
  readonly world: FaultableWorld;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Log;
  readonly learned: Learned;
  /** The policy that explores; asked anew for every episode. */
  readonly policy: () => Policy;
  readonly staticPolicy: Policy;
  readonly budget: Budget;
  /** What production paid between two times, ms since the epoch; it goes on the episode's receipt. */
  readonly cost?: (from: number, to: number) => ProductionCost;
  /** What may be broken, by the loop's own will or to reproduce production's trouble. */
  readonly generator?: ScenarioOptions;
  /** Every random choice of the loop derives from it. */
  readonly seed?: number;
  /** What each episode teaches; the loop waits for it, so that learning takes its time from chaos and not from production. */
  readonly onEpisode?: (experience: Experience) => void | Promise<void>;
  readonly onEvent?: (event: ChaosEvent) => void;
  /** An operator stopped the loop: the reason, or undefined. */
  readonly stopped?: () => string | undefined;
  /** Least share of time without a fault, 0..1; default 0.25. */
  readonly unfaultedShare?: number;
}

export interface ChaosStatus extends ReturnType<Tally['counts']> {
  /** In words: `episode e12: latency@cart, trial 2: …`. */
  readonly activity: string;
  /** Why nothing is injected now, or undefined. */
  readonly paused?: string;
  /** What keeps it from its work, in words with code and remedy. */
  readonly problems: readonly string[];
  /** It is asked to reproduce production's trouble, or does. */
  readonly reproducing: boolean;
  /** Share of the shadow's time without a fault since the start, 0..1. */
  readonly unfaultedShare: number;
  readonly diagnosis?: Diagnosis;
  readonly healthy?: HealthyState;
}

export interface ChaosLoop {
  /** Breaks and heals the shadow until the signal aborts; clears what it did before it returns. */
  run(signal: AbortSignal): Promise<void>;
  status(): ChaosStatus;
  /**
   * Reproduces what the diagnosis shows and tries the candidates on it, ahead of everything else and whatever state production
   * is in; its cost is booked as any other's. Resolves with the plan that helped, or undefined: not reproduced (what would show it
   * cannot or may not be broken), nothing helped, the loop does not run, the shadow cannot be put back, or an operator stopped it.
   */
  verify(diagnosis: Diagnosis, candidates: Plan): Promise<Plan | undefined>;
}

/** A fault's lease, a bound on what a loop that died leaves behind: longer than any episode. */
const FAULT_MS = 90_000;
/** What an episode is expected to last with the fault in force, for the quote. */
const QUOTE_SECONDS = 25;
/** Fewer requests a second than this tell nothing within a window. */
const LEAST_RATE = 2;
/** After state may have been written wrongly, it is put back. */
const dirtying: ReadonlySet<string> = new Set(['corruption']);
const HEALTHY_EVERY_MS = 30_000;
/** Episodes whose length is remembered; a control follows within a few. */
const REMEMBERED = 100;
/** An ejection lasts 15 s, longer when repeated. */
const EJECTION_WINDOWS = 30;

/**
 * The shadow's loop: while the budget and production allow, an episode (curriculum.ts says which), then its evidence into
 * patterns and its experience to the learner, then as much quiet as the unfaulted share asks for.
 */
export function createChaosLoop(options: ChaosOptions): ChaosLoop {
  const { world, store, clock, logger, learned, budget } = options;
  const emit = (event: ChaosEvent) => options.onEvent?.(event);
  const rng: Rng = rngOf(options.seed ?? clock.now());
  const least = options.unfaultedShare ?? 0.25;
  const tally = createTally();
  /** Mean good ratio of controls, by scenario and magnitude. */
  const controls = new Map<string, number>();
  /** Windows of the newest episodes, by id: a control is watched as long as its episode was. */
  const lengths = new Map<string, number>();
  let activity = 'not started';
  let paused: string | undefined;
  let pulse: Pulse | undefined;
  const verifications = createVerifications();
  const doing = (text: string) => {
    activity = text;
  };
  const problems = createProblems(logger, (message) => emit({ type: 'alert', kind: 'problem', message }));
  let running = false;
  const state = createShadowState({
    world,
    clock,
    doing,
    onBlocked(problem) {
      problems.stands('state', problem);
      paused = problem.message;
      verifications.dismiss();
    },
    onDone() {
      problems.over('state');
      paused = undefined;
    },
  });
  /** Lessons in a row that training failed at, and until when the next episode waits for that. */
  let untaught = 0;
  let restUntil = Number.NEGATIVE_INFINITY;
  let serial = lastSerial(store.episodes);

  const evidence = createEvidence({
    store,
    clock,
    learned,
    onPattern: (pattern) => emit({ type: 'pattern', pattern }),
  });

  /** What is not seen teaches nothing: an episode in the dark would show a fault that nobody felt. */
  const ended = (signal: AbortSignal) =>
    signal.aborted ? 'the loop is being stopped' : pulse?.seen() === false ? 'the shadow is not heard' : undefined;
  const stop = (signal: AbortSignal) => () => ended(signal) ?? options.stopped?.() ?? budget.refusal();

  async function quietly(p: Pulse, signal: AbortSignal, enough: () => boolean, text: string): Promise<void> {
    doing(text);
    while (!signal.aborted && !enough()) await p.next();
  }

  async function episode(
    p: Pulse,
    signal: AbortSignal,
    job: Job,
    curriculum: Curriculum,
  ): Promise<Episode | undefined> {
    const id = episodeId(++serial);
    const key = keyOf(job.fault);
    const controlKey = `${key}×${job.fault.magnitude.toFixed(2)}`;
    const controlRatio = controls.get(controlKey);
    const controlWindows = job.type === 'control' ? lengths.get(job.controlOf) : undefined;
    tally.begun();
    let result: EpisodeResult;
    try {
      result = await runEpisode(id, job, {
        world,
        pulse: p,
        learned,
        policy: options.policy(),
        staticPolicy: options.staticPolicy,
        rng,
        logger,
        // A verification serves production in its trouble; it is the one thing that goes on then, unless an operator stopped it.
        stop: job.type === 'verify' ? () => ended(signal) ?? options.stopped?.() : stop(signal),
        ...(controlRatio === undefined ? {} : { controlRatio }),
        ...(controlWindows === undefined ? {} : { controlWindows }),
        save: (e) => {
          store.episodes.put(e);
          emit({ type: 'episode', episode: e });
          emit({ type: 'leases', world: 'shadow' });
        },
        keep: (decision) => {
          store.decisions.put(decision);
          emit({ type: 'decision', decision });
        },
        faulted: (from, to) => {
          book(id, job.fault, from, to);
          tally.fault(job.fault);
          // Until it is known otherwise.
          state.mark(true);
        },
        doing,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      logger.error({ err: error, episode: id }, 'an episode broke off');
      curriculum.refused(key);
      return undefined;
    }
    const e = result.episode;
    if (result.refused !== undefined) {
      logger.warn({ episode: id, fault: describeFault(job.fault) }, `the shadow refused the fault: ${result.refused}`);
      curriculum.refused(key);
      return undefined;
    }
    tally.ended(result);
    lengths.set(id, result.experience.curve.length);
    if (lengths.size > REMEMBERED) lengths.delete(lengths.keys().next().value!);
    if (e.invalid !== undefined && job.type !== 'verify' && stop(signal)() !== undefined) curriculum.again(job);
    if (e.control && e.invalid === undefined && result.experience.curve.length > 0) {
      const { curve } = result.experience;
      controls.set(controlKey, curve.reduce((a, b) => a + b, 0) / curve.length);
    }
    const pattern = evidence.learn(e, job);
    if (job.type !== 'verify') curriculum.learn(e, evidence.needOf(pattern));
    logger.info(
      { episode: id, fault: describeFault(job.fault), job: job.type, recovered: e.recovered, invalid: e.invalid },
      e.detectedAfterMs === undefined ? 'the fault was tolerated' : 'an episode ended',
    );
    if (!e.cleared) {
      const message = `The shadow did not become clean after ${describeFault(job.fault)}; its state is put back`;
      emit({ type: 'alert', kind: 'not-clean', message });
      logger.error({ episode: id }, message);
    } else state.mark(dirtying.has(job.fault.kind));
    if (e.invalid === undefined) await teach(p, signal, result.experience);
    return e;
  }

  async function teach(p: Pulse, signal: AbortSignal, experience: Experience): Promise<void> {
    try {
      await p.during(Promise.resolve(options.onEpisode?.(experience)));
      untaught = 0;
      problems.over('training');
    } catch (error) {
      if (signal.aborted) return;
      restUntil = clock.now() + backoffMs(++untaught, MOST_PAUSE_MS);
      problems.stands('training', new UmbraError('UMB0603', (error as Error).message, { cause: error }));
    }
  }

  /** Books a fault's time in force and what production paid in it. */
  function book(id: string, fault: Fault, from: number, to: number): void {
    budget.receipt(id, fault, (to - from) / 1000, options.cost?.(from, to));
  }

  /** Hosts ejected in an episode before are still out: a fault there would not be felt. */
  async function ejectionsOver(p: Pulse, signal: AbortSignal, fault: Fault): Promise<void> {
    const target = fault.target;
    const hit = Object.values(world.topology.edges).filter((e) =>
      'edge' in target ? e.id === target.edge : e.callee === target.service,
    );
    const out = () => hit.some((e) => (p.history().at(-1)?.edges[e.id]?.ejectedHosts ?? 0) > 0);
    let left = EJECTION_WINDOWS;
    await quietly(p, signal, () => !out() || left-- <= 0, 'waiting until ejected endpoints are back');
  }

  /** Answers what production asks. */
  function answer(p: Pulse, signal: AbortSignal, curriculum: Curriculum): Promise<void> {
    return verifications.answer(async (diagnosis, candidates) => {
      if (state.unclean() || options.stopped?.() !== undefined) return undefined;
      const possible = world.capabilities().faults;
      const length = { durationMs: FAULT_MS, seed: 1 + rng.below(2 ** 31 - 2) };
      const fault = reproductionOf(diagnosis, world.topology, possible, length, options.generator);
      if (!fault)
        logger.info({ origins: diagnosis.origins }, 'no fault that is possible and allowed shows this trouble');
      if (!fault || candidates.length === 0) return undefined;
      const e = await episode(p, signal, { type: 'verify', fault, candidates }, curriculum);
      return e && e.plan.length > 0 ? e.plan : undefined;
    });
  }

  /** Faults and mitigations that a loop before this one left behind. */
  async function sweep(p: Pulse, signal: AbortSignal): Promise<void> {
    await state.ensure(p, signal, 'taking back what an earlier run left', () => {
      const left = world.leases().filter((l) => l.type === 'fault' || l.episode !== undefined);
      return Promise.all(left.map((l) => world.remove(l.id)));
    });
    endCutShort(store, clock.now(), book);
  }

  async function loop(p: Pulse, signal: AbortSignal): Promise<void> {
    await sweep(p, signal);
    // A control plane that died before it had put the state back must not take it for healthy now, nor keep it.
    const [last] = store.episodes.list({ limit: 1 });
    state.mark(last !== undefined && (dirtying.has(last.fault.kind) || last.cleared === false));
    await state.putBack(p, signal);
    const traffic = () => (p.healthy().edges[world.topology.entry]?.rate ?? 0) >= LEAST_RATE;
    await quietly(p, signal, () => p.ready() && traffic(), 'learning what healthy is; the shadow needs traffic for it');
    if (signal.aborted) return;
    await state.ensure(p, signal, 'keeping the shadow’s state', () => world.snapshotState());
    const scenarios = scenariosOf(world.topology, world.capabilities().faults, options.generator);
    const curriculum = createCurriculum(scenarios, { rng, faultMs: FAULT_MS, intensity: budget.intensity });
    for (const { episode: e, need } of evidence.recall(store.episodes.list({ limit: 500 }).reverse()))
      curriculum.learn(e, need);
    while (!signal.aborted) {
      await state.putBack(p, signal);
      const share = () => p.unfaultedMs() / Math.max(1, p.unfaultedMs() + p.faultedMs());
      const calm = () => p.diagnosis()?.impaired === false && p.recent(3).ratio >= 0.95;
      await quietly(
        p,
        signal,
        () => calm() && ((share() >= least && clock.now() >= restUntil) || verifications.waiting()),
        'unfaulted: measuring fidelity and the healthy state',
      );
      if (signal.aborted) return;
      if (verifications.waiting()) {
        await answer(p, signal, curriculum);
        continue;
      }
      const job: Lesson | undefined = curriculum.next();
      paused =
        ended(signal) ??
        options.stopped?.() ??
        budget.refusal(job?.fault, QUOTE_SECONDS) ??
        (job ? undefined : 'no fault is possible here');
      if (!traffic()) paused ??= 'too little traffic reaches the shadow';
      if (paused !== undefined || !job) {
        if (job) curriculum.again(job);
        doing(`paused: ${paused}`);
        await p.next();
        continue;
      }
      await ejectionsOver(p, signal, job.fault);
      if (signal.aborted) return;
      await episode(p, signal, job, curriculum);
    }
  }

  return {
    async run(signal) {
      // The windows outlive the signal by the clearing of the last episode.
      const windows = new AbortController();
      let savedAt = Number.NEGATIVE_INFINITY;
      const healthy = store.healthy(world.name);
      pulse = createPulse(world, windows.signal, {
        ...(healthy ? { healthy } : {}),
        onTick: ({ snapshot }: { snapshot: Snapshot }, tracker) => {
          if (!tracker.ready() || snapshot.at - savedAt < HEALTHY_EVERY_MS) return;
          savedAt = snapshot.at;
          store.putHealthy(world.name, tracker.current());
        },
      });
      running = true;
      let end = 'stopped';
      try {
        await loop(pulse, signal);
      } catch (error) {
        if (signal.aborted) return;
        end = `stopped: ${(error as Error).message}`;
        problems.stands('loop', new UmbraError('UMB1002', (error as Error).message, { cause: error }));
        throw error;
      } finally {
        running = false;
        verifications.dismiss();
        windows.abort(new Error('the chaos loop ended'));
        for (const lease of world.leases())
          if (lease.type === 'fault')
            await world.remove(lease.id).catch((error) => {
              logger.error({ err: error, lease: lease.id }, 'a fault could not be taken back; it ends at its expiry');
            });
        doing(end);
      }
    },
    verify: async (diagnosis, candidates) =>
      running && !state.blocked() && options.stopped?.() === undefined
        ? verifications.ask(diagnosis, candidates)
        : undefined,
    status: () => {
      const total = pulse ? pulse.unfaultedMs() + pulse.faultedMs() : 0;
      const diagnosis = pulse?.diagnosis();
      return {
        activity,
        ...(paused === undefined ? {} : { paused }),
        problems: problems.texts(),
        reproducing: verifications.open(),
        ...tally.counts(),
        unfaultedShare: pulse && total > 0 ? pulse.unfaultedMs() / total : 1,
        ...(diagnosis ? { diagnosis } : {}),
        ...(pulse ? { healthy: pulse.healthy() } : {}),
      };
    },
  };
}
