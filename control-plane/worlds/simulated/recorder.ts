import { type EdgeWindow, noErrors, type ServiceWindow, type Snapshot } from '../../mesh/snapshot.ts';
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { CONNECT, HTTP5XX, hash, OK, type Scratch, TIMEOUT } from './scratch.ts';
import type { State } from './state.ts';

/** Latency bins: eight to a doubling, from 0.25 ms up. */
const BINS = 136;
const binOf = (ms: number): number => Math.min(BINS - 1, Math.max(0, Math.floor((Math.log2(ms) + 2) * 8)));
const latencyOf = (bin: number): number => 2 ** ((bin + 0.5) / 8 - 2);

/** Adds steps up to a window's telemetry. One per application; {@link Recorder.take} empties it. */
export class Recorder {
  readonly #c: Compiled;
  readonly #bins: Float64Array;
  /** Per edge: offered, good, failed, retries, 5xx, timeout, connect, overflow, shed. */
  readonly #sums: Float64Array;
  readonly #cpu: Float64Array;
  #steps = 0;

  constructor(c: Compiled) {
    this.#c = c;
    this.#bins = new Float64Array(c.edgeIds.length * BINS);
    this.#sums = new Float64Array(c.edgeIds.length * 9);
    this.#cpu = new Float64Array(c.serviceIds.length * SLOTS);
  }

  add(s: State, x: Scratch): void {
    this.#steps++;
    for (let e = 0; e < this.#c.edgeIds.length; e++) {
      const offered = x.offered[e]!;
      if (offered <= 0) continue;
      const each = x.passed[e]! / SAMPLES;
      const at = e * 9;
      const sums = this.#sums;
      sums[at]! += offered;
      for (let m = 0; m < SAMPLES; m++) {
        const i = e * SAMPLES + m;
        const outcome = x.outcome[i]!;
        const latency = x.latency[i]!;
        this.#bins[e * BINS + binOf(latency)]! += each;
        sums[at + 3]! += each * (x.attempts[i]! - 1);
        if (outcome === OK) {
          if (latency <= this.#c.slo[e]!) sums[at + 1]! += each;
        } else {
          sums[at + 2]! += each;
          sums[at + (outcome === HTTP5XX ? 4 : outcome === TIMEOUT ? 5 : 6)]! += each;
        }
      }
      const shed = offered * s.shedding[e]!;
      const overflow = Math.max(0, offered - shed - x.passed[e]!);
      sums[at + 7]! += overflow;
      sums[at + 8]! += shed;
      sums[at + 2]! += overflow + shed;
    }
    for (let i = 0; i < this.#cpu.length; i++) this.#cpu[i]! += s.cpu[i]!;
    void CONNECT;
  }

  /** The window's edges and services as the telemetry would report them, noise and all; starts the next window. */
  take(s: State, x: Scratch): Pick<Snapshot, 'edges' | 'services'> {
    const c = this.#c;
    const steps = Math.max(1, this.#steps);
    const seed = hash(s.seed, s.step, 313);
    const edges: Record<string, EdgeWindow> = {};
    for (let e = 0; e < c.edgeIds.length; e++) edges[c.edgeIds[e]!] = this.#edge(e, steps, s, x, seed);
    const services: Record<string, ServiceWindow> = {};
    for (let i = 0; i < c.serviceIds.length; i++) services[c.serviceIds[i]!] = this.#service(i, steps, s, x, seed);
    this.clear();
    s.restarts.fill(0);
    return { edges, services };
  }

  clear(): void {
    this.#steps = 0;
    this.#bins.fill(0);
    this.#sums.fill(0);
    this.#cpu.fill(0);
  }

  #edge(e: number, steps: number, s: State, x: Scratch, seed: number): EdgeWindow {
    const at = e * 9;
    const sum = (k: number) => this.#sums[at + k]! / steps;
    const errors = noErrors();
    errors.http5xx = sum(4);
    errors.timeout = sum(5);
    errors.connect = sum(6);
    errors.overflow = sum(7);
    errors.shed = sum(8);
    const blur = Math.exp(this.#c.spec.noise * bell(seed, e));
    const [p50, p90, p99] = this.#quantiles(e, [0.5, 0.9, 0.99]);
    return {
      rate: sum(0),
      good: sum(1),
      failed: sum(2),
      errors,
      latency: {
        p50: p50! * blur,
        p90: p90! * blur,
        p99: p99! * blur * Math.exp(this.#c.spec.noise * bell(seed, e + 500)),
      },
      inFlight: countOf(s.inFlight[e]!, seed, e),
      retries: sum(3),
      hosts: x.hostCount[e]!,
      healthyHosts: x.hostCount[e]! - x.ejectedCount[e]!,
      ejectedHosts: x.ejectedCount[e]!,
    };
  }

  #quantiles(e: number, qs: readonly number[]): number[] {
    let total = 0;
    for (let b = 0; b < BINS; b++) total += this.#bins[e * BINS + b]!;
    if (total <= 0) return qs.map(() => 0);
    const out: number[] = [];
    let sum = 0;
    let b = 0;
    for (const q of qs) {
      while (b < BINS - 1 && sum + this.#bins[e * BINS + b]! < q * total) sum += this.#bins[e * BINS + b++]!;
      out.push(latencyOf(b));
    }
    return out;
  }

  #service(i: number, steps: number, s: State, x: Scratch, seed: number): ServiceWindow {
    const c = this.#c;
    const n = s.settings.replicas[i]!;
    let ready = 0;
    let cpu = 0;
    let cpuMax = 0;
    let memory = 0;
    let memoryMax = 0;
    for (let r = 0; r < n; r++) {
      const at = i * SLOTS + r;
      // A stopped process is still a process.
      if (s.readyAt[at]! <= s.now && x.broken[at] !== 2) ready++;
      const used = Math.min(1, (this.#cpu[at]! / steps) * Math.exp(c.spec.noise * bell(seed, at + 1000)));
      cpu += used / n;
      cpuMax = Math.max(cpuMax, used);
      memory += s.memory[at]! / n;
      memoryMax = Math.max(memoryMax, s.memory[at]!);
    }
    return {
      replicas: n,
      ready,
      cpu,
      cpuMax,
      memory,
      memoryMax,
      memoryLimit: c.specs[i]!.limitKnown ? c.specs[i]!.memoryLimit : 0,
      restarts: s.restarts[i]!,
    };
  }
}

/** Roughly normal: the sum of four uniforms, scaled. */
function bell(seed: number, place: number): number {
  const h = hash(seed, place, 9);
  return (((h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24)) / 255 - 2) * 1.732;
}

/** A whole number around `mean`, as a gauge read at one instant shows it (Poisson for small means). */
function countOf(mean: number, seed: number, place: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * bell(seed, place + 2000)));
  const u = hash(seed, place, 10) / 4294967296;
  let p = Math.exp(-mean);
  let sum = p;
  let k = 0;
  while (u > sum && k < 100) {
    k++;
    p *= mean / k;
    sum += p;
  }
  return k;
}
