/** What a secret is put in place of. */
export const REDACTED = 'redacted';

/** Digits in one or more groups, from where a word begins. */
const GROUPS = /(?<![A-Za-z0-9])\d+(?:[ .-]\d+)*/g;
const SCHEME = /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi;
/** A JSON web token by itself (RFC 7519): its header is an object, `{"` in base64url. */
const WEB_TOKEN = /(?<![A-Za-z0-9])eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const SHORTEST_CARD = 13;
const LONGEST_CARD = 19;

/** Luhn's check digit: tells a card number from any other run of digits (ISO/IEC 7812-1, annex B). */
export function isCardNumber(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1) d = d > 4 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  // Zeros alone have a right check digit too, but are no card.
  return sum !== 0 && sum % 10 === 0;
}

/** Replaces the card numbers in groups of digits: from each group on, as many groups as make one. */
function withoutCards(text: string): string {
  const groups = [...text.matchAll(/\d+/g)];
  let out = '';
  let from = 0;
  for (let i = 0; i < groups.length; i++) {
    let digits = '';
    let last = -1;
    for (let k = i; k < groups.length && digits.length < LONGEST_CARD; k++) {
      digits += groups[k]![0];
      if (digits.length >= SHORTEST_CARD && digits.length <= LONGEST_CARD && isCardNumber(digits)) last = k;
    }
    if (last < 0) continue;
    out += text.slice(from, groups[i]!.index) + REDACTED;
    from = groups[last]!.index + groups[last]![0].length;
    i = last;
  }
  return out + text.slice(from);
}

/** Replaces what looks like a secret whatever its name: card numbers, bearer and basic credentials, JSON web tokens. */
export const withoutSecrets = (text: string): string =>
  text
    .replaceAll(GROUPS, withoutCards)
    .replaceAll(SCHEME, (_, scheme: string) => `${scheme} ${REDACTED}`)
    .replaceAll(WEB_TOKEN, REDACTED);
