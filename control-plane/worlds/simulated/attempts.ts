/** One caller's calls on one edge: which endpoint they go to, what each attempt gets there, time-outs and retries. */
import { type Compiled, SAMPLES, SLOTS } from './compiled.ts';
import { RETRANSMIT_MS } from './effects.ts';
import { CONNECT, HTTP5XX, hash, OK, type Scratch, TIMEOUT } from './scratch.ts';
import type { State } from './state.ts';

/** What a call costs on the wire. */
export const NETWORK_MS = 0.4;
const mask = SAMPLES - 1;

/** Waiting time by chance is exponential: −ln(1 − q). */
const exponential = Float64Array.from({ length: SAMPLES }, (_, i) => -Math.log(1 - (i + 0.5) / SAMPLES));

/** One caller's view of an edge: attempts, endpoints, time-outs. */
export function followEdge(c: Compiled, s: State, x: Scratch, e: number, seed: number): void {
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
