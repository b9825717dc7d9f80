import type { Learned, Log } from '../guardian/ports.ts';
import { describeFault, type FaultKind } from '../mesh/fault.ts';
import type { FaultLease } from '../mesh/lease.ts';
import type { Policy } from '../mesh/policy.ts';
import type { Decision, Episode } from '../mesh/record.ts';
import type { Rng } from '../mesh/rng.ts';
import { endsOf, type ServiceId } from '../mesh/topology.ts';
import type { FaultableWorld } from '../mesh/world.ts';
import type { Job } from './curriculum.ts';
import type { Experience, ExperiencedStep } from './experience.ts';
import type { Pulse, Tick } from './pulse.ts';
import { treat } from './treatment.ts';

export interface EpisodeDeps {
  readonly world: FaultableWorld;
  readonly pulse: Pulse;
  readonly learned: Learned;
  readonly policy: Policy;
  readonly staticPolicy: Policy;
  readonly rng: Rng;
  readonly logger: Log;
  /** Why everything must be cleared at once (production needs the machine, the loop is being stopped), or undefined. */
  readonly stop: () => string | undefined;
  /** Mean good ratio of a control of the scenario, where one was run, and how many windows the treated episode had. */
  readonly controlRatio?: number;
  readonly controlWindows?: number;
  readonly save: (episode: Episode) => void;
  readonly keep: (decision: Decision) => void;
  /** The fault was in force between these times, ms since the epoch: told once all is cleared, however the episode ends. */
  readonly faulted: (from: number, to: number) => void;
  /** What is being done, in words. */
  readonly doing: (text: string) => void;
}

export interface EpisodeResult {
  readonly episode: Episode;
  readonly experience: Experience;
  /** The world would not inject it. */
  readonly refused?: string;
}

/** Windows a fault has to be felt in; those that grow slowly get longer. */
const FELT_WINDOWS = 7;
const slowKinds: ReadonlySet<FaultKind> = new Set(['memory', 'packet-loss', 'cpu', 'bandwidth']);
const SLOW_WINDOWS = 12;
/** Clean: this many windows in a row. */
const CLEAN_WINDOWS = 3;
const CLEAR_PATIENCE = 15;
const RESET_PATIENCE = 25;

/**
 * One episode: a measured clean baseline, the fault, up to four trials (or none, in a control), clearing, and a measured clean
 * end. Whatever happens in between, fault and mitigations are taken back before it returns.
 */
export async function runEpisode(id: string, job: Job, deps: EpisodeDeps): Promise<EpisodeResult> {
  const { world, pulse } = deps;
  const control = job.type === 'control';
  const episode: Episode = {
    id,
    startedAt: world.clock.now(),
    fault: job.fault,
    control,
    ...(job.type === 'control' ? { controlOf: job.controlOf } : {}),
    reached: [],
    plan: [],
    decisions: [],
    goodBaseline: pulse.recent(CLEAN_WINDOWS).ratio,
    goodFaulted: 1,
    recovered: false,
  };
  const what = control ? 'control of ' : job.type === 'verify' ? 'reproducing production with ' : '';
  const name = `episode ${id}: ${what}${describeFault(job.fault)}`;
  const doing = (text: string) => deps.doing(`${name}, ${text}`);
  deps.save(episode);
  doing('injecting');

  const now = world.clock.now();
  const lease: FaultLease = {
    type: 'fault',
    id: `f-${id}`,
    owner: 'chaos',
    reason: name,
    createdAt: now,
    expiresAt: now + job.fault.durationMs,
    episode: id,
    fault: job.fault,
  };
  let steps: ExperiencedStep[] = [];
  let curve: number[] = [];
  let mitigations: readonly { id: string }[] = [];
  let refused: string | undefined;
  let injectedAt = now;
  const reached = new Set<ServiceId>();
  const onTick = (t: Tick) => {
    for (const s of t.diagnosis.symptoms)
      reached.add('service' in s.target ? s.target.service : endsOf(s.target.edge)[1]);
  };
  const inForce = () => world.leases().some((l) => l.id === lease.id) && world.clock.now() < lease.expiresAt;
  const goesOn = () => inForce() && deps.stop() === undefined;

  try {
    const result = await pulse.during(world.inject(lease));
    if (result.state === 'refused') {
      refused = result.reason;
      episode.invalid = `refused: ${result.reason}`;
      return finish();
    }
    injectedAt = result.at;
    doing('waiting for symptoms');
    const patience = slowKinds.has(job.fault.kind) ? SLOW_WINDOWS : FELT_WINDOWS;
    let impaired: Tick | undefined;
    for (let i = 0; i < patience && goesOn() && !impaired; i++) {
      const tick = await pulse.next();
      onTick(tick);
      if (tick.diagnosis.impaired) impaired = tick;
    }
    episode.tookEffect = reached.size > 0 || impaired !== undefined;
    if (!impaired) {
      episode.invalid = deps.stop();
      episode.goodFaulted = pulse.recent(3).ratio;
      return finish();
    }
    episode.detectedAfterMs = Math.max(0, impaired.snapshot.at - injectedAt);
    const onset = impaired.diagnosis.symptoms.find((s) => s.kind === 'goodput')?.since ?? impaired.snapshot.at;
    if (control) {
      doing('watching without help');
      episode.goodFaulted = pulse.recent(2).ratio;
      const windows = Math.min(14, Math.max(6, deps.controlWindows ?? 8));
      for (let i = 0; i < windows && goesOn(); i++) {
        const tick = await pulse.next();
        onTick(tick);
        curve.push(tick.now.ratio);
      }
      episode.invalid = deps.stop() ?? (inForce() ? undefined : 'the fault ended before the control did');
      episode.recovered = pulse.diagnosis()?.impaired === false;
      return finish();
    }
    const treated = await treat({
      ...deps,
      episode: id,
      onset,
      ...(job.type === 'replay' ? { plan: job.plan } : {}),
      ...(job.type === 'verify' ? { candidates: job.candidates } : {}),
      goesOn,
      doing,
    });
    steps = treated.steps;
    curve = treated.curve;
    mitigations = treated.leases;
    episode.signature = treated.signature;
    episode.plan = treated.plan;
    episode.decisions = treated.decisions;
    episode.goodFaulted = treated.goodFaulted;
    episode.goodMitigated = treated.goodMitigated;
    episode.recovered = treated.recovered;
    episode.invalid = deps.stop();
    return finish();
  } catch (error) {
    episode.invalid = `broken off: ${error instanceof Error ? error.message : String(error)}`;
    throw error;
  } finally {
    await clear();
  }

  function finish(): EpisodeResult {
    episode.reached = [...reached];
    return {
      episode,
      experience: { episode: id, control, at: now, recovered: episode.recovered, steps, curve },
      ...(refused === undefined ? {} : { refused }),
    };
  }

  /** Fault first: taking mitigations from under a fault would only hurt once more. Then it is measured that all is well. */
  async function clear(): Promise<void> {
    doing('clearing');
    const work = async () => {
      await world.remove(lease.id);
      const left = world.leases().filter((l) => l.type === 'mitigation' && l.episode === id);
      await Promise.all([...left, ...mitigations].map((l) => world.remove(l.id)));
    };
    await pulse.during(work()).catch((error) => deps.logger.error({ err: error, episode: id }, 'clearing failed'));
    const clearedAt = world.clock.now();
    try {
      episode.cleared = refused !== undefined || (await settled(CLEAR_PATIENCE));
      if (!episode.cleared) {
        doing('resetting state');
        await pulse
          .during(world.resetState())
          .catch((error) => deps.logger.error({ err: error, episode: id }, 'the state was not reset'));
        episode.cleared = await settled(RESET_PATIENCE);
        if (!episode.cleared) episode.invalid ??= 'the shadow did not become clean again';
      }
    } finally {
      // Not before: what production paid meanwhile is known some windows later.
      if (refused === undefined) deps.faulted(injectedAt, clearedAt);
    }
    episode.endedAt = world.clock.now();
    deps.save(episode);
  }

  async function settled(patience: number): Promise<boolean> {
    let clean = 0;
    for (let i = 0; i < patience; i++) {
      const tick = await pulse.next();
      const gone = !world.leases().some((l) => l.id === lease.id);
      clean = gone && !tick.diagnosis.impaired && tick.now.ratio >= 0.85 ? clean + 1 : 0;
      if (clean >= CLEAN_WINDOWS && pulse.recent(CLEAN_WINDOWS).ratio >= 0.95) return true;
    }
    return false;
  }
}
