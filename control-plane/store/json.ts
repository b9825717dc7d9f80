/**
 * JSON that gives numbers back as they were: plain JSON turns NaN and the infinities into null, and a bound of -Infinity that
 * comes back as null would compare as 0.
 */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    typeof v === 'number' && !Number.isFinite(v) ? { $number: String(v) } : v,
  );
}

/** The value of text written by {@link encode}. @throws SyntaxError */
export function decode<T>(text: string): T {
  if (!text.includes('"$number"')) return JSON.parse(text) as T;
  return JSON.parse(text, (_key, v: unknown) =>
    typeof v === 'object' && v !== null && '$number' in v ? Number(v.$number) : v,
  ) as T;
}
