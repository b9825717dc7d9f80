import { describeMitigation, type Plan } from '../mesh/mitigation.ts';
import type { Pattern, PatternEvidence } from '../mesh/record.ts';
import { wilson } from '../mesh/wilson.ts';

/** Successes and failed controls without which a pattern is not trusted. */
const TRUST = { successes: 2, failedControls: 1, lowest: 0.2 } as const;
/** A pattern is retired when, after this many trials, even the interval's upper end is below this. */
const RETIRE = { trials: 4, upper: 0.6 } as const;

/** Equal for equal signature and plan, so that evidence finds its pattern after a restart. */
export function patternId(signature: string, plan: Plan): string {
  const text = `${signature}|${plan.map(describeMitigation).join('|')}`;
  // FNV-1a, 52 bits of two runs: short to type, and stable.
  let [a, b] = [0x811c9dc5, 0xc59d1c81];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193) >>> 0;
    b = Math.imul(b ^ text.charCodeAt(text.length - 1 - i), 0x01000193) >>> 0;
  }
  return `p-${a.toString(36)}${b.toString(36)}`.slice(0, 14);
}

/** The pattern with one more piece of evidence; `before` is undefined for a new one. Nothing passed in is changed. */
export function withEvidence(before: Pattern | undefined, e: PatternEvidence): Pattern {
  const base = before ?? fresh(e);
  const tried = e.healed !== undefined;
  const trials = base.trials + (tried ? 1 : 0);
  const successes = base.successes + (e.healed ? 1 : 0);
  const controls = base.controls + (e.controlRecovered === undefined ? 0 : 1);
  const controlFailed = base.controlFailed + (e.controlRecovered === false ? 1 : 0);
  const mean = (old: number, x: number | undefined) =>
    tried && x !== undefined && Number.isFinite(x) ? old + (x - old) / trials : old;
  const next = {
    ...base,
    trials,
    successes,
    controls,
    controlFailed,
    interval: wilson(successes, trials),
    gain: mean(base.gain, e.gain),
    cost: mean(base.cost, e.cost),
    lastSeen: Math.max(base.lastSeen, e.at),
    faults: e.fault === undefined || base.faults.includes(e.fault) ? base.faults : [...base.faults, e.fault],
  };
  return { ...next, status: statusOf(next) };
}

/**
 * `trusted` needs ≥ 2 successes, ≥ 1 control that did not recover by itself, a success ratio whose lower bound is not hopeless
 * and a gain above its cost; `retired` is what was tried enough and fails, or what recovers without it as well.
 */
export function statusOf(p: Pick<Pattern, 'trials' | 'successes' | 'controls' | 'controlFailed' | 'gain' | 'cost'>) {
  const [lower, upper] = wilson(p.successes, p.trials);
  const needless = p.controls >= 3 && p.controlFailed / p.controls < 0.34;
  if ((p.trials >= RETIRE.trials && upper < RETIRE.upper) || needless) return 'retired' as const;
  const proven = p.successes >= TRUST.successes && p.controlFailed >= TRUST.failedControls;
  return proven && lower >= TRUST.lowest && p.gain > p.cost ? ('trusted' as const) : ('candidate' as const);
}

/** Patterns of a signature that may be acted on, best first by lower bound × gain. */
export function match(signature: string, patterns: readonly Pattern[]): Pattern[] {
  return patterns
    .filter((p) => p.status === 'trusted' && p.signature === signature)
    .sort((a, b) => worth(b) - worth(a) || a.plan.length - b.plan.length);
}

const worth = (p: Pattern): number => p.interval[0] * p.gain - p.cost;

function fresh(e: PatternEvidence): Pattern {
  return {
    id: patternId(e.signature, e.plan),
    signature: e.signature,
    plan: e.plan,
    trials: 0,
    successes: 0,
    controls: 0,
    controlFailed: 0,
    interval: [0, 1],
    gain: 0,
    cost: 0,
    firstSeen: e.at,
    lastSeen: e.at,
    faults: [],
    status: 'candidate',
  };
}
