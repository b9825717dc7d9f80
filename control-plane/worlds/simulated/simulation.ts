import { baselineSettings } from '../../mesh/compose.ts';
import type { Fault } from '../../mesh/fault.ts';
import type { MeshSettings } from '../../mesh/settings.ts';
import type { EntryWindow, Snapshot } from '../../mesh/snapshot.ts';
import { endsOf, INGRESS } from '../../mesh/topology.ts';
import { answer } from './answers.ts';
import { type Compiled, compile, compileSettings, SAMPLES, SLOTS } from './compiled.ts';
import { effectOf } from './effects.ts';
import { flow, STEP_MS } from './flows.ts';
import { Recorder } from './recorder.ts';
import { OK, type Scratch, scratchFor } from './scratch.ts';
import type { MeshSpec } from './spec.ts';
import { cloneState, initialState, type State } from './state.ts';

/** Steps in a window of telemetry. */
const STEPS = 1000 / STEP_MS;

/** What all copies of one simulation share; they must run one after the other. */
interface Shared {
  readonly c: Compiled;
  readonly scratch: Scratch;
  readonly recorder: Recorder;
  readonly done: Float64Array;
  readonly offered: { rate: number; protectedRate: number };
}

/**
 * The raw simulator: a mesh of queues with time-outs, retries, circuit breakers and the rest, in steps of 100 ms. A window of
 * ten services takes some tens of microseconds, a copy a few. Deterministic by seed, and two copies that are steered
 * differently draw the same chances, so that what differs between them is what the steering did.
 */
export class Simulation {
  readonly #shared: Shared;
  #s: State;
  #entry: EntryWindow = { offered: 0, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0 };

  private constructor(shared: Shared, state: State) {
    this.#shared = shared;
    this.#s = state;
  }

  /** A fresh mesh at rest, nothing queued. Run a few windows before believing it. @throws where calls go in a circle. */
  static of(spec: MeshSpec, seed: number): Simulation {
    const c = compile(spec);
    const settings = compileSettings(c, baselineSettings(spec.topology));
    const shared = {
      c,
      scratch: scratchFor(c),
      recorder: new Recorder(c),
      done: new Float64Array(c.serviceIds.length),
      offered: { rate: 0, protectedRate: 0 },
    };
    return new Simulation(shared, initialState(c, settings, seed >>> 0));
  }

  get spec(): MeshSpec {
    return this.#shared.c.spec;
  }

  /** Milliseconds since it began. */
  get now(): number {
    return this.#s.now;
  }

  /** A copy that goes its own way from here. Copies share scratch memory: never run two at the same time. */
  clone(): Simulation {
    return new Simulation(this.#shared, cloneState(this.#s));
  }

  /** Settings take effect after the mesh's push delay; the newest wins. */
  apply(settings: MeshSettings, delayMs = this.spec.pushMs): void {
    const compiled = compileSettings(this.#shared.c, settings);
    this.#s.pending = [...this.#s.pending, { at: this.#s.now + delayMs, settings: compiled }];
  }

  /** A fault from now (or `afterMs` later) for its duration. */
  inject(id: string, fault: Fault, afterMs = 0): void {
    const { c } = this.#shared;
    const target = 'edge' in fault.target ? endsOf(fault.target.edge)[1] : fault.target.service;
    const { service, effect } = effectOf(fault, this.spec.services[target]?.payloadKib ?? 8);
    const index = c.serviceIndex.get(service);
    if (index === undefined) throw new Error(`${service} is not in the mesh`);
    const caller =
      effect.caller === undefined ? -2 : effect.caller === INGRESS ? -1 : (c.serviceIndex.get(effect.caller) ?? -2);
    const from = this.#s.now + afterMs;
    const active = { id, service: index, caller, effect, from, to: from + fault.durationMs };
    this.#s.faults = [...this.#s.faults, active];
  }

  /** Takes a fault back before its time. */
  clear(id: string): void {
    this.#s.faults = this.#s.faults.filter((f) => f.id !== id);
  }

  /** Users come `factor` times as often for `durationMs`. */
  surge(factor: number, durationMs: number): void {
    this.#s.surge = factor;
    this.#s.surgeUntil = this.#s.now + durationMs;
  }

  /** Runs one window; the entry's numbers only (fast). */
  run(): EntryWindow {
    return this.#run(false);
  }

  /** Runs one window and reports it as telemetry would. `epoch` is added to the simulation's time. */
  window(epoch = 0): Snapshot {
    this.#entry = this.#run(true);
    const telemetry = this.#shared.recorder.take(this.#s, this.#shared.scratch, this.#entry);
    return { world: 'simulation', at: epoch + this.#s.now, windowMs: 1000, ...telemetry, gaps: [] };
  }

  /** The entry's numbers of the newest {@link window} as they were, without the telemetry's noise. */
  get entry(): EntryWindow {
    return this.#entry;
  }

  /** What is in the mesh now, for tests: requests in every replica, and arrivals and completions of the last step. */
  inspect(): { inSystem: Record<string, number[]>; completed: Record<string, number> } {
    const { c, done } = this.#shared;
    return {
      inSystem: Object.fromEntries(
        c.serviceIds.map((id, i) => [id, [...this.#s.inSystem.slice(i * SLOTS, i * SLOTS + SLOTS)]]),
      ),
      completed: Object.fromEntries(c.serviceIds.map((id, i) => [id, done[i]!])),
    };
  }

  #run(record: boolean): EntryWindow {
    const entry = { offered: 0, good: 0, failed: 0, protectedOffered: 0, protectedGood: 0 };
    if (record) this.#shared.recorder.clear();
    for (let i = 0; i < STEPS; i++) this.#step(entry, record);
    for (const key of Object.keys(entry) as (keyof typeof entry)[]) entry[key] /= STEPS;
    return entry;
  }

  #step(entry: EntryWindow, record: boolean): void {
    const { c, scratch: x, done, recorder } = this.#shared;
    const s = this.#s;
    if (s.pending.length > 0) {
      const due = s.pending.filter((p) => p.at <= s.now);
      if (due.length > 0) {
        s.settings = due.at(-1)!.settings;
        s.pending = s.pending.filter((p) => p.at > s.now);
      }
    }
    if (s.faults.some((f) => f.to <= s.now)) s.faults = s.faults.filter((f) => f.to > s.now);
    answer(c, s, x);
    const { spec } = c;
    const swing = 1 + spec.swing * Math.sin(s.now / 9000 + (s.seed & 7));
    const added = s.faults.reduce((most, f) => (f.from <= s.now ? Math.max(most, f.effect.surge) : most), 1);
    const rate = spec.offered * swing * Math.max(added, s.now < s.surgeUntil ? s.surge : 1);
    const isProtected = spec.offered * swing * spec.protectedShare * (s.now < s.surgeUntil ? Math.sqrt(s.surge) : 1);
    const { offered } = this.#shared;
    offered.rate = rate;
    offered.protectedRate = Math.min(rate, isProtected);
    flow(c, s, x, offered, done);
    this.#count(entry, offered.rate, offered.protectedRate);
    if (record) recorder.add(s, x);
    s.now += STEP_MS;
    s.step++;
  }

  /** Good and failed where the user enters. Rate limits refuse unprotected requests only; the rest hits both alike. */
  #count(entry: EntryWindow, rate: number, isProtected: number): void {
    const { c, scratch: x } = this.#shared;
    const s = this.#s;
    const e = c.entry;
    let good = 0;
    let fine = 0;
    for (let m = 0; m < SAMPLES; m++) {
      const i = e * SAMPLES + m;
      if (x.outcome[i] !== OK) continue;
      fine++;
      if (x.latency[i]! <= c.slo[e]!) good++;
    }
    good /= SAMPLES;
    fine /= SAMPLES;
    const passed = x.passed[e]!;
    const unlimited = Math.min(1, s.admissionTotal[e]! > 0 && s.settings.admission[e]! > 0 ? passed / rate : 1);
    const protectedPassed = Math.min(passed, isProtected * unlimited * (1 - s.overflowing[e]!));
    entry.offered += rate;
    entry.good += passed * good;
    entry.failed += rate - passed * fine;
    entry.protectedOffered += isProtected;
    entry.protectedGood += protectedPassed * good;
  }
}
