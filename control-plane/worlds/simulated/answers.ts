/**
 * First half of a step: what a request that arrives now would get, from every service and on every edge. Callees come first.
 * Sixteen representative requests are followed; their random parts are stratified, so that sixteen are enough.
 */

import { followEdge, NETWORK_MS } from './attempts.ts';
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { hash, OK, type Scratch } from './scratch.ts';
import type { ActiveFault, State } from './state.ts';

const TABLE = 64;
const mask = SAMPLES - 1;
const none: readonly ActiveFault[] = [];

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
