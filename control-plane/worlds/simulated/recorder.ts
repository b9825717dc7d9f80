import { type EdgeWindow, type EntryWindow, noErrors, type ServiceWindow, type Snapshot } from '../../mesh/snapshot.ts';
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { HTTP5XX, hash, OK, type Scratch, TIMEOUT } from './scratch.ts';
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
  }

  /** The window's edges and services as the telemetry would report them, noise and all; starts the next window. */
  take(s: State, x: Scratch, entry: EntryWindow): Pick<Snapshot, 'entry' | 'edges' | 'services'> {
    const c = this.#c;
    const steps = Math.max(1, this.#steps);
    const seed = hash(s.seed, s.step, 313);
    const edges: Record<string, EdgeWindow> = {};
    for (let e = 0; e < c.edgeIds.length; e++) edges[c.edgeIds[e]!] = this.#edge(e, steps, s, x, seed);
    const services: Record<string, ServiceWindow> = {};
    for (let i = 0; i < c.serviceIds.length; i++) services[c.serviceIds[i]!] = this.#service(i, steps, s, x, seed);
    this.clear();
    s.restarts.fill(0);
    return { entry: this.#entry(edges[c.edgeIds[c.entry]!]!, entry, seed), edges, services };
  }

  clear(): void {
    this.#steps = 0;
    this.#bins.fill(0);
    this.#sums.fill(0);
    this.#cpu.fill(0);
  }

  /** What was counted at the entry; the protected part of it is drawn from it. */
  #entry(edge: EdgeWindow, exact: EntryWindow, seed: number): EntryWindow {
    if (this.#c.spec.noise === 0) return exact;
    const offered = edge.rate;
    const protectedOffered = part(offered, exact.protectedOffered / Math.max(1e-9, exact.offered), seed, 4001);
    const ratio = exact.protectedGood / Math.max(1e-9, exact.protectedOffered);
    const protectedGood = part(protectedOffered, ratio, seed, 4002);
    return { offered, good: edge.good, failed: edge.failed, protectedOffered, protectedGood };
  }

  #edge(e: number, steps: number, s: State, x: Scratch, seed: number): EdgeWindow {
    const at = e * 9;
    const { noise } = this.#c.spec;
    const sum = (k: number) => this.#sums[at + k]! / steps;
    const counted = noise > 0;
    const rate = counted ? countOf(sum(0), seed, e + 3000) : sum(0);
    const failed = counted ? part(rate, sum(2) / Math.max(1e-9, sum(0)), seed, e + 3500) : sum(2);
    const late = Math.max(0, sum(0) - sum(1) - sum(2));
    const lateNow = counted ? part(rate - failed, late / Math.max(1e-9, sum(0) - sum(2)), seed, e + 3700) : late;
    const k = sum(2) > 0 ? failed / sum(2) : 0;
    const errors = noErrors();
    errors.http5xx = sum(4) * k;
    errors.timeout = sum(5) * k;
    errors.connect = sum(6) * k;
    errors.overflow = sum(7) * k;
    errors.shed = sum(8) * k;
    const blur = Math.exp(noise * bell(seed, e));
    const answered = rate - errors.overflow - errors.shed;
    const [p50, p90, p99] =
      answered > 0 || !counted ? this.#quantiles(e, quantilesSeen(answered, counted, seed, e)) : [0, 0, 0];
    return {
      rate,
      good: Math.max(0, rate - failed - lateNow),
      failed,
      errors,
      latency: { p50: p50! * blur, p90: p90! * blur, p99: p99! * blur },
      inFlight: countOf(s.inFlight[e]!, seed, e),
      retries: counted ? countOf(sum(3), seed, e + 3900) : sum(3),
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
      // Counted in ticks of 10 ms.
      const exact = (this.#cpu[at]! / steps) * Math.exp(c.spec.noise * bell(seed, at + 1000));
      const used = Math.min(1, c.spec.noise > 0 ? Math.round(exact * 100 + 0.3 * bell(seed, at + 1500)) / 100 : exact);
      const held =
        s.memory[at]! * Math.exp(1.5 * c.spec.noise * Math.abs(bell(hash(s.seed, Math.floor(s.now / 5000), at), 1)));
      cpu += Math.max(0, used) / n;
      cpuMax = Math.max(cpuMax, used);
      memory += held / n;
      memoryMax = Math.max(memoryMax, held);
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

/**
 * Where in the distribution the reported quantiles lie: with few answers a window's p99 is their largest, which is the
 * u^(1/n) quantile, and its median wanders by 0.5 ÷ √n.
 */
function quantilesSeen(n: number, counted: boolean, seed: number, e: number): [number, number, number] {
  if (!counted) return [0.5, 0.9, 0.99];
  const wander = (0.5 / Math.sqrt(Math.max(1, n))) * bell(seed, e + 500);
  const middle = Math.min(0.9, Math.max(0.1, 0.5 + wander));
  const largest = (hash(seed, e, 11) / 4294967296) ** (1 / Math.max(1, n));
  const top = n < 100 ? Math.max(middle, largest) : 0.99;
  return [middle, Math.max(middle, Math.min(0.9, top)), top];
}

/** How many of `n` have what each has with chance `p`: binomial, by its Poisson or normal neighbour. */
function part(n: number, p: number, seed: number, place: number): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - part(n, 1 - p, seed, place);
  const mean = n * p;
  if (mean < 8) return Math.min(n, countOf(mean, seed, place));
  return Math.min(n, Math.max(0, Math.round(mean + Math.sqrt(mean * (1 - p)) * bell(seed, place))));
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
