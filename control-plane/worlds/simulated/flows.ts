/**
 * Second half of a step: how many requests go where, what the proxies refuse, and how queues, memory, ejections and replicas
 * change. Callers come first. Queues are a fluid: n' = arrivals − completions, exact where it is linear.
 */
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { hash, OK, type Scratch } from './scratch.ts';
import type { State } from './state.ts';

/** Length of a step in ms. */
export const STEP_MS = 100;
const seconds = STEP_MS / 1000;

/** Envoy's admission control: success threshold, most that is refused, and the window it looks back over. */
const ADMISSION = { threshold: 0.95, most: 0.9, windowS: 5 } as const;

/** Users' requests in this step. */
export interface Offered {
  rate: number;
  protectedRate: number;
}

export function flow(c: Compiled, s: State, x: Scratch, offered: Offered, done: Float64Array): void {
  const seed = hash(s.seed, s.step, 991);
  x.arrivals.fill(0);
  for (let e = 0; e < c.edgeIds.length; e++)
    if (c.caller[e] === -1) pass(c, s, x, e, offered.rate, offered.protectedRate, seed);
  for (let service = c.serviceIds.length - 1; service >= 0; service--) {
    let completed = 0;
    for (let r = 0; r < s.settings.replicas[service]!; r++) completed += serve(c, s, x, service, r);
    done[service] = completed / seconds;
    for (const e of c.out[service]!) pass(c, s, x, e, (completed / seconds) * c.calls[e]!, 0, seed);
  }
  for (let service = 0; service < c.serviceIds.length; service++) grow(c, s, service);
}

/** Requests offered to an edge: what is refused, what goes on as attempts to which replica. */
function pass(c: Compiled, s: State, x: Scratch, e: number, rate: number, protectedRate: number, seed: number): void {
  const set = s.settings;
  const limited = Math.max(0, rate - protectedRate);
  const over = limited > set.rateLimit[e]! ? (limited - set.rateLimit[e]!) / Math.max(rate, 1e-9) : 0;
  const admission = set.admission[e]! > 0 ? admissionRefuses(s, e, set.admission[e]!) : 0;
  s.shedding[e] = 0.5 * s.shedding[e]! + 0.5 * Math.min(1, over + (1 - over) * admission);
  const toPass = rate * (1 - s.shedding[e]!);

  const callers = c.caller[e] === -1 ? 1 : Math.max(1, set.replicas[c.caller[e]!]!);
  const load = (toPass * x.meanLatency[e]!) / 1000;
  const overflow = erlangB(load / callers, set.maxRequests[e]!);
  s.overflowing[e] = 0.5 * s.overflowing[e]! + 0.5 * overflow;
  s.refused[e] = 1 - (1 - s.shedding[e]!) * (1 - s.overflowing[e]!);
  const passed = toPass * (1 - s.overflowing[e]!);
  x.offered[e] = rate;
  x.passed[e] = passed;
  s.inFlight[e] = (passed * x.meanLatency[e]!) / 1000;

  // Envoy's retry budget: a share of the active requests, but never fewer than one at once per caller (three where none is set).
  const extra = x.meanAttempts[e]! - 1;
  if (extra > 0) {
    const concurrent = (passed * extra * x.meanAttemptLatency[e]!) / 1000 / Math.max(0.05, s.retryAllowed[e]!);
    const least = set.budget[e]! < 1 ? 1 : 3;
    const allowed = Math.max(least * callers, set.budget[e]! * s.inFlight[e]!);
    s.retryAllowed[e] = 0.5 * s.retryAllowed[e]! + 0.5 * Math.min(1, allowed / Math.max(1e-9, concurrent));
  } else s.retryAllowed[e] = Math.min(1, s.retryAllowed[e]! + 0.2);

  let good = 0;
  for (let m = 0; m < SAMPLES; m++) if (x.outcome[e * SAMPLES + m] === OK) good++;
  const fade = Math.exp(-seconds / ADMISSION.windowS);
  s.admissionTotal[e] = s.admissionTotal[e]! * fade + passed * seconds;
  s.admissionGood[e] = s.admissionGood[e]! * fade + (passed * seconds * good) / SAMPLES;

  const callee = c.callee[e]!;
  const backup = c.backup[e]!;
  for (let r = 0; r < SLOTS; r++) {
    const rate = passed * x.toReplica[e * SLOTS + r]!;
    x.arrivals[callee * SLOTS + r]! += rate;
    if (backup >= 0) x.arrivals[backup * SLOTS + r]! += passed * x.toBackup[e * SLOTS + r]!;
    eject(s, x, e, r, rate, passed * x.failedAt[e * SLOTS + r]!, seed);
  }
}

/** Envoy's formula, (n − good ÷ threshold) ÷ (n + 1); how strong it is says how much it refuses at most. */
function admissionRefuses(s: State, e: number, aggression: number): number {
  const n = s.admissionTotal[e]!;
  const p = (n - s.admissionGood[e]! / ADMISSION.threshold) / (n + 1);
  return p <= 0 ? 0 : Math.min(ADMISSION.most * Math.min(1, aggression), p);
}

/** Erlang's loss formula: the share that finds `limit` places taken at a load of `load` Erlang; fluid where there are many. */
export function erlangB(load: number, limit: number): number {
  if (!Number.isFinite(limit) || load <= 0) return 0;
  if (limit > 40) return load > limit ? 1 - limit / load : 0;
  let b = 1;
  for (let k = 1; k <= limit; k++) b = (load * b) / (k + load * b);
  return b;
}

/** Outlier detection: k failures in a row, at a failure ratio f, come up λ·fᵏ(1−f)/(1−fᵏ) times a second. */
function eject(s: State, x: Scratch, e: number, r: number, rate: number, failed: number, seed: number): void {
  const k = s.settings.outlierFailures[e]!;
  if (k < 0 || rate <= 0 || failed <= 0) return;
  const at = e * SLOTS + r;
  if (s.ejectedUntil[at]! > s.now) return;
  const f = Math.min(0.9999, failed / rate);
  const often = (rate * f ** k * (1 - f)) / (1 - f ** k);
  const chance = 1 - Math.exp(-often * seconds);
  if (hash(seed, at, 5) / 4294967296 >= chance) return;
  const known = Math.max(1, x.hostCount[e]!);
  let ejected = 1;
  for (let q = 0; q < SLOTS; q++) if (s.ejectedUntil[e * SLOTS + q]! > s.now) ejected++;
  if (ejected / known > s.settings.maxEjection[e]!) return;
  s.ejectedUntil[at] = s.now + s.settings.ejectMs[e]!;
}

/** One replica's queue over a step; returns completed requests (those that made their calls). */
function serve(c: Compiled, s: State, x: Scratch, service: number, r: number): number {
  const i = service * SLOTS + r;
  const spec = c.specs[service]!;
  const rate = x.arrivals[i]!; // per second
  if (x.broken[i] === 2) {
    s.inSystem[i] = 0;
    s.rejecting[i] = 0;
    s.busyShare[i] = 0;
    s.cpu[i] = 0;
    return 0;
  }
  if (x.broken[i] === 1) {
    s.inSystem[i] = Math.min(spec.workers + spec.queue, s.inSystem[i]! + rate * seconds);
    s.busyShare[i] = 0;
    s.cpu[i] = 0;
    return 0;
  }
  const hold = x.hold[i]! / 1000;
  const most = x.most[i]! * 1000;
  const servers = x.servers[i]!;
  const before = s.inSystem[i]!;
  const target = rate * hold;
  let n: number;
  if (before <= servers && target <= servers) n = target + (before - target) * Math.exp(-seconds / hold);
  else {
    n = before + (rate - most) * seconds;
    if (n < Math.min(servers, target)) n = Math.min(servers, target);
    if (before < servers) n = Math.max(n, Math.min(before, servers));
  }
  n = Math.max(0, n);
  let lost = 0;
  const room = spec.workers + spec.queue;
  if (n > room) {
    lost = n - room;
    n = room;
  }
  const arrived = rate * seconds;
  const rejected = Math.min(lost, arrived);
  s.rejecting[i] = 0.5 * s.rejecting[i]! + (arrived > 0 ? (0.5 * rejected) / arrived : 0);
  const completed = Math.max(0, before + arrived - rejected - n);
  if (spec.cancels > 0) {
    // Callers that gave up: whoever waits longer than the most patient caller's time-out.
    let patience = 0;
    for (const e of c.into[service]!) patience = Math.max(patience, s.settings.timeout[e]! / 1000);
    const stale = n - servers - most * patience;
    if (stale > 0) n -= spec.cancels * stale * (1 - Math.exp(-seconds / 0.3));
  }
  s.inSystem[i] = n;
  const busy = Math.min(1, completed / seconds / most);
  s.busyShare[i] = 0.6 * s.busyShare[i]! + 0.4 * busy;
  const work = ((completed / seconds) * spec.cpuMs) / 1000;
  const used = x.burnt[i]! > 0 ? work / spec.cores + x.burnt[i]! : work / Math.max(0.01, x.cpuLeft[i]!);
  s.cpu[i] = 0.6 * s.cpu[i]! + 0.4 * Math.min(1, used + spec.idleCpu);
  return completed;
}

/** Memory, crashes, and replicas that come and go. */
function grow(c: Compiled, s: State, service: number): void {
  const spec = c.specs[service]!;
  for (let r = 0; r < SLOTS; r++) {
    const i = service * SLOTS + r;
    const wanted = r < s.settings.replicas[service]!;
    if (!wanted) {
      s.readyAt[i] = Number.POSITIVE_INFINITY;
      s.memory[i] = 0;
      s.inSystem[i] = 0;
      continue;
    }
    if (s.readyAt[i] === Number.POSITIVE_INFINITY) {
      s.readyAt[i] = s.now + spec.startMs;
      s.memory[i] = 0;
      continue;
    }
    if (s.readyAt[i]! > s.now) continue;
    if (s.memory[i] === 0) s.memory[i] = spec.memory;
    let leak = 0;
    for (const f of s.faults)
      if (
        f.service === service &&
        f.effect.memory > 0 &&
        s.now >= f.from &&
        s.now < f.to &&
        (f.effect.replica ?? r) === r
      )
        leak = Math.max(leak, f.effect.memory);
    if (leak > 0) s.memory[i]! += leak * spec.memoryLimit * seconds;
    else s.memory[i]! += (spec.memory - s.memory[i]!) * 0.02;
    if (s.memory[i]! >= spec.memoryLimit) {
      s.memory[i] = spec.memory;
      s.readyAt[i] = s.now + spec.startMs;
      s.inSystem[i] = 0;
      s.restarts[service]!++;
    }
  }
}
