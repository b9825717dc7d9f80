import type { Diagnosis } from '../mesh/record.ts';
import type { HealthyState, Snapshot } from '../mesh/snapshot.ts';
import type { FaultableWorld } from '../mesh/world.ts';
import { createDetector } from '../telemetry/detector.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import { createHealthyTracker, type HealthyTracker } from '../telemetry/healthy.ts';

/** One window of the shadow, judged. */
export interface Tick {
  readonly snapshot: Snapshot;
  readonly diagnosis: Diagnosis;
  readonly now: Goodness;
  /** No fault and no mitigation in it, nor in the two windows before. */
  readonly untouched: boolean;
}

/** The shadow's windows, one after the other, with its own detector and healthy state. */
export interface Pulse {
  /** The next window. @throws the signal's reason once it is aborted */
  next(): Promise<Tick>;
  /** Goes on reading windows until `work` settles, so that a world whose time we drive does not stand still. */
  during<T>(work: Promise<T>): Promise<T>;
  healthy(): HealthyState;
  ready(): boolean;
  diagnosis(): Diagnosis | undefined;
  /** The last windows, newest last, at most ten. */
  history(): readonly Snapshot[];
  /** The entry was heard in the last window. */
  seen(): boolean;
  /** Goodput of the last `n` windows together. */
  recent(n: number): Goodness;
  /** Milliseconds of windows with and without a fault in them, since the start. */
  faultedMs(): number;
  unfaultedMs(): number;
}

export function createPulse(
  world: FaultableWorld,
  signal: AbortSignal,
  options: { healthy?: HealthyState; onTick?: (tick: Tick, tracker: HealthyTracker) => void } = {},
): Pulse {
  const windows = world.observe(signal)[Symbol.asyncIterator]();
  const detector = createDetector(world.topology);
  const tracker = createHealthyTracker(world.topology, options.healthy);
  let pending: Promise<Tick> | undefined;
  let history: Snapshot[] = [];
  let diagnosis: Diagnosis | undefined;
  let hangover = 0;
  let faulted = 0;
  let unfaulted = 0;

  async function read(): Promise<Tick> {
    const { value: snapshot, done } = await windows.next();
    if (done || !snapshot) throw signal.aborted ? signal.reason : new Error('the shadow gives no more windows');
    const leases = world.leases();
    const fault = leases.some((l) => l.type === 'fault');
    const touched = fault || leases.some((l) => l.type === 'mitigation' && l.owner !== 'static');
    if (fault) faulted += snapshot.windowMs;
    else unfaulted += snapshot.windowMs;
    const untouched = !touched && hangover === 0;
    hangover = touched ? 2 : Math.max(0, hangover - 1);
    history = [...history.slice(-9), snapshot];
    diagnosis = detector.update(snapshot, tracker.current());
    const now = detector.recent().at(-1)!;
    const well = !now.unseen && !diagnosis.impaired && now.ratio >= 0.9;
    const calm = !tracker.ready() || diagnosis.symptoms.every((s) => s.kind === 'surge');
    // What a fault does from its first window on says nothing of the windows before it.
    if (!untouched) tracker.update(snapshot, 'touched');
    // Without a request a window says nothing, neither of itself nor of those before: few reach some shadows.
    else if (now.unseen || now.expected > 0) tracker.update(snapshot, well && calm ? 'clean' : 'unwell');
    const tick = { snapshot, diagnosis, now, untouched };
    options.onTick?.(tick, tracker);
    return tick;
  }

  function next(): Promise<Tick> {
    pending ??= read().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  return {
    next,
    async during(work) {
      let settled = false;
      const done = work.finally(() => {
        settled = true;
      });
      while (!settled) await Promise.race([done, next()]);
      return done;
    },
    healthy: tracker.current,
    ready: tracker.ready,
    diagnosis: () => diagnosis,
    history: () => history,
    seen: () => !detector.recent().at(-1)?.unseen,
    recent: (n) => pooled(detector.recent().slice(-n)),
    faultedMs: () => faulted,
    unfaultedMs: () => unfaulted,
  };
}
