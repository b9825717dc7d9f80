/** A decimal number's value, to about 15 digits; 0 if it is none. Reads `[p, p+len)`, which the caller knows to be a JSON number. */
export function parseNumber(p: usize, len: u32): f64 {
  const end = p + len;
  let negative = false;
  if (p < end && load<u8>(p) == 45) {
    negative = true;
    p++;
  }
  let mantissa: f64 = 0;
  let exponent: i32 = 0;
  let point = false;
  for (; p < end; p++) {
    const c: u32 = load<u8>(p);
    if (c - 48 < 10) {
      mantissa = mantissa * 10 + <f64>(c - 48);
      if (point && exponent > -10000) exponent--;
    } else if (c == 46) point = true;
    else break;
  }
  if (p < end && (load<u8>(p) | 32) == 101) {
    p++;
    let down = false;
    if (p < end && (load<u8>(p) == 43 || load<u8>(p) == 45)) down = load<u8>(p++) == 45;
    let e: i32 = 0;
    for (; p < end; p++) if (e < 10000) e = e * 10 + <i32>load<u8>(p) - 48;
    exponent += down ? -e : e;
  }
  // One power of ten, so that a decimal fraction is rounded once: 1234 ÷ 100.
  let power: f64 = 1;
  for (let n = exponent < 0 ? -exponent : exponent; n > 0 && power < f64.MAX_VALUE; n--) power *= 10;
  if (mantissa != 0) mantissa = exponent < 0 ? mantissa / power : mantissa * power;
  return negative ? -mantissa : mantissa;
}

/** Whether the bytes are digits only, with an optional minus. */
export function isInteger(p: usize, len: u32): bool {
  let i: u32 = len > 0 && load<u8>(p) == 45 ? 1 : 0;
  if (i == len) return false;
  for (; i < len; i++) if (<u32>load<u8>(p + i) - 48 >= 10) return false;
  return true;
}
