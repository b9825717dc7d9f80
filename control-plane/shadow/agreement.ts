import { wilson } from '../mesh/wilson.ts';

/** A share of agreeing answers, with the limits of its 95% interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How many of so many pairs of answers differ. */
export interface Pairs {
  readonly compared: number;
  readonly differing: number;
}

const certain = (x: number) => Math.min(1, Math.max(0, x));

/** The share of pairs that agree, with Wilson's interval. There must be one pair at least. */
export function agreement({ compared, differing }: Pairs): Estimate {
  const [low, high] = wilson(compared - differing, compared);
  return { value: 1 - differing / compared, low, high };
}

/**
 * The share of answers in which the shadow does not differ by itself. Production's answer a and the shadow's b agree with
 * probability A; two answers of the shadow to one request agree with probability B, its noise floor being 1 − B. If chance and
 * a difference of the shadow's own fall independently, A = B · (1 − d), so the corrected score is 1 − d = A ÷ B, at most 1.
 * (Abbott, "A method of computing the effectiveness of an insecticide", J. Econ. Entomol. 18:265, 1925, for mortality in a
 * treated and an untreated group; Diffy takes its noise the same way, from two copies of one version.)
 *
 * The limits are MOVER-R's for a ratio of two independent estimates (Donner and Zou, Stat. Methods Med. Res. 21:347, 2012;
 * Newcombe, ibid. 25:1774, 2016), from Wilson's limits of A and B: θ = A ÷ B is on the limit where A − θB = 0 is on that of the
 * difference, (A − θB)² = (A − a)² + θ²(B − b)², a and b being the lower limit of A and the upper one of B for the lower limit
 * of θ, and the other way round for the upper.
 * @returns undefined where no two answers of the shadow agreed: then nothing can be said
 */
export function corrected(answers: Pairs, noise: Pairs): Estimate | undefined {
  const a = agreement(answers);
  const b = agreement(noise);
  if (b.value <= 0) return undefined;
  const both = a.value * b.value;
  // Roots of q(B)θ² − 2ABθ + q(A) = 0 with q(X) = X² − (X − limit)².
  const q = (x: number, limit: number) => limit * (2 * x - limit);
  const root = (qa: number, qb: number) => Math.sqrt(Math.max(0, both * both - qa * qb));
  const [la, lb] = [q(a.value, a.low), q(b.value, b.high)];
  const [ha, hb] = [q(a.value, a.high), q(b.value, b.low)];
  // The smaller root, written so that it holds where q(B) is 0 or less.
  const lower = la === 0 ? 0 : la / (both + root(la, lb));
  const upper = hb <= 0 ? 1 : (both + root(ha, hb)) / hb;
  return { value: certain(a.value / b.value), low: certain(lower), high: certain(upper) };
}

/**
 * The mean of independent estimates by weight, with MOVER's limits of a linear combination (Zou and Donner, Stat. Med. 27:1693,
 * 2008): θ ∓ √Σw²(θᵢ − limitᵢ)². The weights' sum must be above 0.
 */
export function weighted(parts: readonly { readonly of: Estimate; readonly weight: number }[]): Estimate {
  const total = parts.reduce((sum, p) => sum + p.weight, 0);
  const sum = (term: (of: Estimate, weight: number) => number) =>
    parts.reduce((all, p) => all + term(p.of, p.weight / total), 0);
  const value = sum((of, w) => w * of.value);
  return {
    value,
    low: certain(value - Math.sqrt(sum((of, w) => (w * (of.value - of.low)) ** 2))),
    high: certain(value + Math.sqrt(sum((of, w) => (w * (of.high - of.value)) ** 2))),
  };
}
