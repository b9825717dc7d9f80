/**
 * First half of a step: what a request that arrives now would get, from every service and on every edge. Callees come first.
 * Sixteen representative requests are followed; their random parts are stratified, so that sixteen are enough.
 */
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { RETRANSMIT_MS } from './effects.ts';
import { CONNECT, HTTP5XX, hash, OK, type Scratch, TIMEOUT } from './scratch.ts';
import type { ActiveFault, State } from './state.ts';

const TABLE = 64;
const NETWORK_MS = 0.4;
const mask = SAMPLES - 1;
const none: readonly ActiveFault[] = [];

/** Waiting time by chance is exponential: −ln(1 − q). */
const exponential = Float64Array.from({ length: SAMPLES }, (_, i) => -Math.log(1 - (i + 0.5) / SAMPLES));

/** Fills `x` with every service's and edge's answers for the state `s`. */
export function answer(c: Compiled, s: State, x: Scratch): void {
  const seed = hash(s.seed, s.step, 77);
  for (let service = 0; service < c.serviceIds.length; service++) x.faults[service] = none;
  for (const f of s.faults) if (s.now >= f.from && s.now < f.to) x.faults[f.service] = [...x.faults[f.service]!, f];
  for (let service = 0; service < c.serviceIds.length; service++) {
    breakReplicas(c, s, x, service, x.faults[service]!);
    sampleOwn(c, s, x, service, seed);
    for (const e of c.out[service]!) followEdge(c, s, x, e, seed);
    compose(c, x, service, seed, s);
    queueing(c, s, x, service);
  }
  for (let e = 0; e < c.edgeIds.length; e++) if (c.caller[e] === -1) followEdge(c, s, x, e, seed);
}

/** What faults do to each replica: hanging, killed, starved of CPU. */
function breakReplicas(c: Compiled, s: State, x: Scratch, service: number, faults: readonly ActiveFault[]): void {
  const base = service * SLOTS;
  const declared = s.settings.replicas[service]!;
  for (let r = 0; r < SLOTS; r++) {
    const i = base + r;
    x.broken[i] = s.now < s.readyAt[i]! ? 2 : 0;
    x.cpuLeft[i] = c.specs[service]!.cores;
    x.burnt[i] = 0;
    x.slow[i] = 1;
    x.held[i] = 0;
    for (const { effect } of faults) {
      if (effect.replica !== undefined && effect.replica !== r) continue;
      if (effect.replica === r) x.held[i]! += effect.share * (effect.delayMs + 800 * effect.loss);
      if ((effect.hang || effect.kill) && effect.replica === undefined && r >= Math.ceil(effect.share * declared))
        continue;
      if (effect.hang) x.broken[i] = Math.max(x.broken[i]!, 1);
      if (effect.kill) x.broken[i] = 2;
      if (effect.cpu < 1) {
        if (effect.burns) x.burnt[i] = 1 - effect.cpu;
        x.cpuLeft[i]! *= effect.cpu;
      }
    }
    const limit = c.specs[service]!.memoryLimit;
    // Close to its limit a process spends its time reclaiming.
    const near = limit > 0 ? s.memory[i]! / limit : 0;
    if (near > 0.85) x.slow[i] = 1 + 6 * Math.min(1, (near - 0.85) / 0.15);
  }
}

function sampleOwn(c: Compiled, s: State, x: Scratch, service: number, seed: number): void {
  const h = hash(seed, service, 1);
  const turn = h & mask;
  const fine = (h >>> 8) & 3;
  const errorRate = c.specs[service]!.errorRate;
  const fails = (h >>> 12) / 1048576 < errorRate * SAMPLES ? (h >>> 4) & mask : -1;
  const delay = weatherOf(c, s);
  for (let m = 0; m < SAMPLES; m++) {
    const i = service * SAMPLES + m;
    x.own[i] = delay + c.ownTable[service * TABLE + (((m ^ turn) * 4 + ((fine + m) & 3)) & (TABLE - 1))]!;
    x.ok[i] = m === fails ? 0 : 1;
  }
}

/** What the machine's other work costs in this second, ms: nothing mostly, else exponentially distributed. */
function weatherOf(c: Compiled, s: State): number {
  const { share, meanMs } = c.spec.weather;
  if (share === 0) return 0;
  const second = Math.floor(s.now / 1000);
  const u = hash(s.seed, second, 55) / 4294967296;
  return u < share ? -Math.log(1 - u / share + 1e-9) * meanMs : 0;
}

/** One caller's view of an edge: attempts, endpoints, time-outs. */
function followEdge(c: Compiled, s: State, x: Scratch, e: number, seed: number): void {
  const callee = c.callee[e]!;
  const hosts = balance(s, x, e, callee, s.settings.replicas[callee]!);
  const backup = c.backup[e]!;
  const h = hash(seed, e, 2);
  const turn = h & mask;
  const rotation = (h >>> 4) & 15;
  const share = backup < 0 ? 0 : s.settings.failover[e]!;
  const safe = c.safeShare[e]!;
  const most = s.settings.attempts[e]!;
  const retryChance = s.retryAllowed[e]!;
  for (let r = 0; r < SLOTS; r++) {
    x.toReplica[e * SLOTS + r] = 0;
    x.failedAt[e * SLOTS + r] = 0;
    x.toBackup[e * SLOTS + r] = 0;
  }
  let sumLatency = 0;
  let sumAttempts = 0;
  for (let m = 0; m < SAMPLES; m++) {
    const i = e * SAMPLES + m;
    // Three independent-looking strata of the same sample.
    const u = ((m ^ turn) + 0.5) / SAMPLES;
    const v = (((m * 5 + turn) & mask) + 0.5) / SAMPLES;
    const w = (((m * 11 + rotation) & mask) + 0.5) / SAMPLES;
    const isSafe = u < safe;
    const toBackup = v < share && (isSafe || c.backupTakesWrites[e] === 1);
    let total = 0;
    let outcome = OK;
    let attempt = 0;
    for (; ; attempt++) {
      const target = toBackup ? backup : callee;
      const r = toBackup
        ? endpoint(s, x, backup, m + rotation + attempt)
        : hosts === 0
          ? -1
          : leastRequest(
              x,
              e,
              callee,
              hosts,
              m + rotation + (c.spec.retryElsewhere ? attempt : ((h >>> (8 + attempt)) & 3) * attempt),
              m * 3 + (h >>> 24),
              attempt,
            );
      outcome = tryOnce(c, s, x, e, target, r, m, (m ^ ((h >>> (16 + 4 * (attempt & 3))) & mask)) & mask, w);
      total += tried;
      if (r >= 0) {
        const at = e * SLOTS + r;
        if (toBackup) x.toBackup[at]! += 1 / SAMPLES;
        else {
          x.toReplica[at]! += 1 / SAMPLES;
          if (outcome !== OK) x.failedAt[at]! += 1 / SAMPLES;
        }
      }
      if (outcome === OK || attempt >= most || !isSafe || w > retryChance) break;
      // Envoy's back-off is fully jittered: half of the interval in the mean.
      total += s.settings.backoff[e]! * 2 ** attempt * 0.5;
    }
    x.latency[i] = total;
    x.outcome[i] = outcome;
    x.attempts[i] = attempt + 1;
    sumLatency += total;
    sumAttempts += attempt + 1;
  }
  x.meanLatency[e] = sumLatency / SAMPLES;
  x.meanAttempts[e] = sumAttempts / SAMPLES;
  x.meanAttemptLatency[e] = sumLatency / sumAttempts;
}

/**
 * Envoy's least-request balancing: of two endpoints drawn at random the one with fewer requests in flight. A slow or hanging
 * endpoint has more, so it is only taken where both draws are it. A retry goes where the rotation says.
 */
function leastRequest(
  x: Scratch,
  e: number,
  callee: number,
  hosts: number,
  turn: number,
  other: number,
  attempt: number,
): number {
  const first = x.hosts[e * SLOTS + (turn % hosts)]!;
  if (attempt > 0 || x.heavy[callee * SLOTS + first] === 0) return first;
  return x.hosts[e * SLOTS + (other % hosts)]!;
}

/** Endpoints the caller's proxies balance over: all but the ejected, or all when fewer than a quarter are left (panic). */
function balance(s: State, x: Scratch, e: number, callee: number, replicas: number): number {
  let n = 0;
  let known = 0;
  let ejected = 0;
  for (let r = 0; r < SLOTS && r < replicas; r++) {
    if (s.readyAt[callee * SLOTS + r]! > s.now && starting(s, callee, r)) continue;
    known++;
    if (s.ejectedUntil[e * SLOTS + r]! > s.now) ejected++;
    else x.hosts[e * SLOTS + n++] = r;
  }
  if (n * 4 < known) {
    n = 0;
    for (let r = 0; r < SLOTS && r < replicas; r++)
      if (!(s.readyAt[callee * SLOTS + r]! > s.now && starting(s, callee, r))) x.hosts[e * SLOTS + n++] = r;
  }
  x.hostCount[e] = known;
  x.ejectedCount[e] = ejected;
  return n;
}

/** A new replica is not yet an endpoint; one that restarts after a crash still is. */
const starting = (s: State, service: number, r: number): boolean => s.memory[service * SLOTS + r]! === 0;

/** An endpoint of the stand-by service. */
function endpoint(s: State, x: Scratch, service: number, turn: number): number {
  const n = s.settings.replicas[service]!;
  for (let k = 0; k < n; k++) {
    const r = (turn + k) % n;
    if (x.broken[service * SLOTS + r] === 0) return r;
  }
  return n > 0 ? turn % n : -1;
}

/** Milliseconds the last {@link tryOnce} took: a module variable, since it runs some hundred times a step. */
let tried = 0;

function tryOnce(
  c: Compiled,
  s: State,
  x: Scratch,
  e: number,
  service: number,
  r: number,
  m: number,
  j: number,
  w: number,
): number {
  const limit = s.settings.timeout[e]!;
  tried = NETWORK_MS;
  if (r < 0) return CONNECT;
  const i = service * SLOTS + r;
  if (x.broken[i] === 2) return CONNECT;
  let delay = NETWORK_MS;
  let fails = false;
  const faults = x.faults[service]!;
  for (let k = 0; k < faults.length; k++) {
    const f = faults[k]!;
    const { effect } = f;
    if (f.caller !== -2 && f.caller !== c.caller[e]) continue;
    if (effect.replica !== undefined && effect.replica !== r) continue;
    const hit = (((m * 7 + j) & mask) + 0.5) / SAMPLES < effect.share;
    if (!hit) continue;
    if (effect.delayMs > 0) delay += effect.delayMs * (1 + effect.jitter * (((j * 3 + m) & mask) / 7.5 - 1));
    if (effect.loss > 0) delay += lossDelay(effect.loss, ((j * 9 + m * 5) & mask) / SAMPLES + w / SAMPLES);
    if (effect.abort) {
      tried = Math.min(delay, limit);
      return delay >= limit ? TIMEOUT : HTTP5XX;
    }
    if (effect.fails) fails = true;
  }
  if (x.broken[i] === 1) {
    tried = limit;
    return TIMEOUT;
  }
  if ((((m * 13 + j) & mask) + 0.5) / SAMPLES < s.rejecting[i]!) {
    tried = Math.min(delay, limit);
    return HTTP5XX;
  }
  const k = service * SAMPLES + j;
  tried =
    delay + x.wait[i]! + x.chanceWait[i]! * exponential[(j * 3 + m) & mask]! + x.own[k]! * x.slow[i]! + x.down[k]!;
  if (tried >= limit) {
    tried = limit;
    return TIMEOUT;
  }
  return fails || x.ok[k] === 0 ? HTTP5XX : OK;
}

/**
 * Delay from lost packets: a request and its answer are about four packets; each loss costs a retransmission time-out, which
 * doubles when the retransmission is lost as well.
 */
function lossDelay(p: number, u: number): number {
  const any = 1 - (1 - p) ** 4;
  if (u >= any) return 0;
  let delay = 0;
  let chance = any;
  let timeout = RETRANSMIT_MS;
  for (let k = 0; k < 6 && u < chance; k++) {
    delay += timeout;
    timeout *= 2;
    chance *= p;
  }
  return delay;
}

/** A service's answers from its own work and its callees'. */
function compose(c: Compiled, x: Scratch, service: number, seed: number, s: State): void {
  const parallel = c.specs[service]!.parallel;
  for (let m = 0; m < SAMPLES; m++) x.down[service * SAMPLES + m] = 0;
  const out = c.out[service]!;
  for (let k = 0; k < out.length; k++) {
    const e = out[k]!;
    const h = hash(seed, e, 3);
    const refuse = s.refused[e]!;
    const spoils = spoilShare(c, s, x, e);
    for (let m = 0; m < SAMPLES; m++) {
      if ((((m * 3 + h) & mask) + ((h >>> 8) & 255) / 256) / SAMPLES >= c.calls[e]!) continue;
      const i = service * SAMPLES + m;
      if (x.ok[i] === 0 && !parallel) continue;
      const j = (m ^ ((h >>> 4) & mask)) & mask;
      const refused = (((m * 9 + (h >>> 20)) & mask) + 0.5) / SAMPLES < refuse;
      const took = refused ? NETWORK_MS : x.latency[e * SAMPLES + j]!;
      x.down[i] = parallel ? Math.max(x.down[i]!, took) : x.down[i]! + took;
      const failed = refused || x.outcome[e * SAMPLES + j] !== OK;
      const spoilt = spoils > 0 && (((m * 5 + (h >>> 24)) & mask) + 0.5) / SAMPLES < spoils;
      if ((failed || spoilt) && c.optional[e] === 0) x.ok[i] = 0;
    }
  }
}

/** Share of the edge's answers that look fine and are not. */
function spoilShare(c: Compiled, s: State, x: Scratch, e: number): number {
  let share = 0;
  for (const f of x.faults[c.callee[e]!]!)
    if (f.effect.spoils && (f.caller === -2 || f.caller === c.caller[e])) share = Math.max(share, f.effect.share);
  return share * (1 - s.settings.failover[e]! * (c.backup[e]! < 0 ? 0 : 1));
}

/** Load of each replica of the service at hand, as least-request balancing feels it. */
const load = new Float64Array(SLOTS);

/** What a replica can do now, and how long a newcomer waits. */
function queueing(c: Compiled, s: State, x: Scratch, service: number): void {
  const spec = c.specs[service]!;
  let own = 0;
  let down = 0;
  for (let m = 0; m < SAMPLES; m++) {
    own += x.own[service * SAMPLES + m]!;
    down += x.down[service * SAMPLES + m]!;
  }
  own /= SAMPLES;
  down /= SAMPLES;
  const replicas = s.settings.replicas[service]!;
  for (let r = 0; r < replicas; r++) {
    const i = service * SLOTS + r;
    const cores = x.cpuLeft[i]!;
    // With less than a core left the CPU part of the work takes longer even when nobody else is there.
    const stretch = (own - spec.cpuMs + spec.cpuMs / Math.min(1, cores)) / own;
    const reclaiming = x.slow[i]!;
    x.slow[i]! *= Math.max(1, stretch);
    const hold = Math.max(0.05, own * x.slow[i]! + down);
    const most = Math.min(spec.workers / hold, cores / Math.max(0.01, spec.cpuMs * reclaiming)); // per ms
    const servers = Math.max(0.2, most * hold);
    const n = s.inSystem[i]!;
    x.hold[i] = hold;
    x.most[i] = most;
    x.servers[i] = servers;
    x.wait[i] = Math.max(0, n - servers) / most;
    // Sakasegawa's approximation of the M/M/c queue's wait: h · ρ^(√(2(c+1))−1) ÷ (c(1−ρ)).
    const rho = Math.min(0.95, s.busyShare[i]!);
    const c1 = Math.max(1, servers);
    load[r] = x.broken[i] === 1 ? 1e6 : x.broken[i] === 2 ? 0 : x.wait[i]! + own * x.slow[i]! + down + x.held[i]!;
    x.chanceWait[i] = rho > 0.02 ? (hold * rho ** (Math.sqrt(2 * (c1 + 1)) - 1)) / (c1 * (1 - rho)) : 0;
  }
  let least = Number.POSITIVE_INFINITY;
  for (let r = 0; r < replicas; r++) if (load[r]! > 0) least = Math.min(least, load[r]!);
  for (let r = 0; r < replicas; r++) x.heavy[service * SLOTS + r] = load[r]! > 2.5 * least ? 1 : 0;
}
