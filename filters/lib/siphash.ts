// SipHash-2-4 with 128-bit output (Aumasson and Bernstein; the reference implementation's -128 variant): a keyed pseudorandom
// function, so that without the key neither is a value found from its pseudonym nor are two keys' pseudonyms comparable.

export let high: u64 = 0;
export let low: u64 = 0;

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

@inline
function round(): void {
  v0 += v1;
  v1 = rotl<u64>(v1, 13);
  v1 ^= v0;
  v0 = rotl<u64>(v0, 32);
  v2 += v3;
  v3 = rotl<u64>(v3, 16);
  v3 ^= v2;
  v0 += v3;
  v3 = rotl<u64>(v3, 21);
  v3 ^= v0;
  v2 += v1;
  v1 = rotl<u64>(v1, 17);
  v1 ^= v2;
  v2 = rotl<u64>(v2, 32);
}

function rounds(n: i32): void {
  for (; n > 0; n--) round();
}

/** Hashes `[p, p+len)` under the key into `high` and `low`; `tweak` keeps uses of one key apart. */
export function siphash(k0: u64, k1: u64, p: usize, len: u32, tweak: u64): void {
  v0 = k0 ^ 0x736f6d6570736575;
  v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
  v2 = k0 ^ 0x6c7967656e657261;
  v3 = k1 ^ 0x7465646279746573;
  v3 ^= tweak;
  rounds(2);
  v0 ^= tweak;
  const end = p + (len & ~7);
  for (; p < end; p += 8) {
    const m = load<u64>(p);
    v3 ^= m;
    rounds(2);
    v0 ^= m;
  }
  let last = <u64>len << 56;
  for (let i: u32 = 0; i < (len & 7); i++) last |= <u64>load<u8>(p + i) << (<u64>i << 3);
  v3 ^= last;
  rounds(2);
  v0 ^= last;
  v2 ^= 0xee;
  rounds(4);
  high = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  low = v0 ^ v1 ^ v2 ^ v3;
}
