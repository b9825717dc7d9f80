/** Sebastiano Vigna's SplitMix64 finaliser: one 64-bit value per input, well mixed. */
export function mix(x: u64): u64 {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

let state: u64 = 0;

/** Everything drawn from here on follows from `seed`. */
export function seedRandom(seed: u64): void {
  state = seed;
}

export function random(): u64 {
  state += 0x9e3779b97f4a7c15;
  return mix(state);
}

/** 0 ≤ x < 1, 53 bits. */
export function uniform(): f64 {
  return <f64>(random() >> 11) * (1.0 / 9007199254740992.0);
}

/** 0 ≤ n < bound (0 for bound 0). The bias for bounds far below 2^32 is below 2^-32. */
export function below(bound: u32): u32 {
  return <u32>(((random() >> 32) * <u64>bound) >> 32);
}

/** Standard normal, by the sum of twelve uniforms (Irwin–Hall): bounded by ±6, no logarithm needed. */
export function normal(): f64 {
  let sum: f64 = -6;
  for (let i = 0; i < 12; i++) sum += uniform();
  return sum;
}

/** 1 or more, with tail exponent `shape` (> 0): u^(-1/shape). */
export function pareto(shape: f64): f64 {
  const u = 1.0 - uniform();
  return power(1.0 / u, 1.0 / shape);
}

/** x^y for x ≥ 1 by squaring and square roots of y's binary digits: enough for drawing, and no table. */
export function power(x: f64, y: f64): f64 {
  let whole = y > 512 ? <u32>512 : <u32>y;
  let part = y - <f64>whole;
  let result: f64 = 1;
  let base = x;
  for (; whole != 0; whole >>= 1) {
    if (whole & 1) result *= base;
    base *= base;
  }
  base = x;
  for (let i = 0; i < 24 && part > 0; i++) {
    base = sqrt(base);
    part *= 2;
    if (part >= 1) {
      result *= base;
      part -= 1;
    }
  }
  return result;
}
