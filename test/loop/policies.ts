import type { Learned } from '../../control-plane/guardian/ports.ts';
import { candidatesOf } from '../../control-plane/learning/candidates.ts';
import { choose } from '../../control-plane/learning/explore.ts';
import { match, withEvidence } from '../../control-plane/learning/patterns.ts';
import { signatureOf } from '../../control-plane/learning/signature.ts';
import { describeAction } from '../../control-plane/mesh/mitigation.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { ScoredCandidate } from '../../control-plane/mesh/record.ts';

/** Learning's own functions, as main wires them. */
export const learned: Learned = { signatureOf, match, withEvidence, choose };

/** A policy that believes what it is told: the lower bound of a candidate by its text, 0 for all others. */
export function believing(lowers: Readonly<Record<string, number>>, version = 'believing'): Policy {
  return {
    version,
    async score(context) {
      const scored = candidatesOf(context).map((c): ScoredCandidate => {
        const lower = lowers[describeAction(c.action)] ?? 0;
        const base = { action: c.action, mean: lower, spread: 0, lower, probability: 0 };
        return c.masked === undefined ? base : { ...base, masked: c.masked };
      });
      scored.sort((a, b) => b.lower - a.lower);
      const allowed = scored.filter((c) => c.masked === undefined);
      const best = allowed[0];
      return scored.map((c) => (c === best ? { ...c, probability: 1 } : c));
    },
  };
}

/** Every score is NaN. */
export const nanPolicy: Policy = {
  version: 'nan',
  score: async (context) =>
    candidatesOf(context).map((c) => ({
      action: c.action,
      mean: Number.NaN,
      spread: Number.NaN,
      lower: Number.NaN,
      probability: Number.NaN,
      ...(c.masked === undefined ? {} : { masked: c.masked }),
    })),
};

/** Always asks, with all confidence, for the harshest it may: least rate, least time, most aggression. */
export const extremePolicy: Policy = {
  version: 'extreme',
  async score(context) {
    const harsh: Record<string, number> = {
      'rate-limit': 0.9,
      'admission-control': 0.8,
      timeout: 0.7,
      'circuit-breaking': 0.6,
    };
    return candidatesOf(context)
      .map((c) => {
        const m = c.action.do === 'apply' ? c.action.mitigation : undefined;
        const gentle = m && (m.kind === 'admission-control' ? 1 - m.strength : m.strength / 10);
        const lower = m ? (harsh[m.kind] ?? 0.5) - (gentle ?? 0) : 0;
        const base = { action: c.action, mean: lower, spread: 0, lower, probability: 0 };
        return c.masked === undefined ? base : { ...base, masked: c.masked };
      })
      .sort((a, b) => b.lower - a.lower);
  },
};
