/** Makes credentials, card numbers and what a document names unreadable before an answer is kept. */
export interface Redaction {
  path(path: string): string;
  header(name: string, value: string): string;
  body(text: string): string;
}

const REDACTED = 'redacted';
/** By name, without regard to case: what the mirror redacts without being told. */
const HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
]);
const FIELDS = new Set([
  'password',
  'passwd',
  'secret',
  'token',
  'access_token',
  'refresh_token',
  'api_key',
  'apikey',
  'cvv',
  'cvc',
  'pin',
  'card',
  'cardnumber',
  'card_number',
  'pan',
  'iban',
  'ssn',
]);
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/g;

/** Luhn's check digit: tells a card number from any other run of digits (ISO/IEC 7812-1, annex B). */
export function isCardNumber(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1) d = d > 4 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return sum % 10 === 0;
}

const patterns = (text: string): string =>
  text
    .replaceAll(CARD, (found) => (isCardNumber(found.replaceAll(/\D/g, '')) ? REDACTED : found))
    .replaceAll(BEARER, (_, scheme: string) => `${scheme} ${REDACTED}`);

/** Redacts by default names and patterns and by those a document adds. */
export function redaction(
  more: { headers?: readonly string[]; query?: readonly string[]; jsonFields?: readonly string[] } = {},
): Redaction {
  const lower = (names: readonly string[] = []) => names.map((n) => n.toLowerCase());
  const headers = new Set([...HEADERS, ...lower(more.headers)]);
  const query = new Set([...FIELDS, ...lower(more.query)]);
  const fields = new Set([...FIELDS, ...lower(more.jsonFields)]);
  return {
    path(path) {
      const [bare, search] = path.split('?', 2);
      if (search === undefined) return patterns(bare!);
      const kept = search.split('&').map((pair) => {
        const [name] = pair.split('=', 1);
        return query.has(name!.toLowerCase()) ? `${name}=${REDACTED}` : pair;
      });
      return patterns(`${bare}?${kept.join('&')}`);
    },
    header: (name, value) => (headers.has(name.toLowerCase()) ? REDACTED : patterns(value)),
    body(text) {
      try {
        const value: unknown = JSON.parse(text, (key, v: unknown) => {
          if (fields.has(key.toLowerCase()) && (typeof v === 'string' || typeof v === 'number'))
            return typeof v === 'string' && v.startsWith('{{request.') ? v : REDACTED;
          return typeof v === 'string' ? patterns(v) : v;
        });
        return JSON.stringify(value);
      } catch {
        return patterns(text);
      }
    },
  };
}
