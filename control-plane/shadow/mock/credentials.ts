/** Names that mean a credential wherever they appear, as the mirror has them (filters/mirror/names.ts). */
const EXACT: ReadonlySet<string> = new Set(
  'pwd cvv cvc ssn sid otp auth csrf session signature securityanswer'.split(' '),
);
/** What a name ends with, except those that say where the next page begins. */
const ENDS =
  /(?:password|passwd|passcode|passphrase|secret|token|apikey|accesskey|authkey|secretkey|privatekey|subscriptionkey|sessionid|sessid|authorization|credential|credentials|securitycode|passwordconfirmation)$/;
const PAGES = /(?:pagetoken|nexttoken|continuationtoken)$/;
/** Under which an answer tells of cards and accounts. */
const ACCOUNTS: ReadonlySet<string> = new Set(['pin', 'pan', 'card', 'iban', 'cardnumber']);
const HEADERS: ReadonlySet<string> = new Set(['cookie', 'setcookie', 'proxyauthorization']);

const means = (folded: string): boolean =>
  EXACT.has(folded) || ACCOUNTS.has(folded) || (ENDS.test(folded) && !PAGES.test(folded));

/**
 * Whether a name, or one of those that it is made of (`user[password]`, `user.password`), means a credential; in lower case and
 * without signs, so that access_token, accessToken and Access-Token are one, and so is access_token_2.
 */
export const isCredential = (name: string): boolean =>
  name
    .toLowerCase()
    .split(/[.[]/)
    .some((part) => means(part.replaceAll(/[^a-z0-9]/g, '').replace(/[0-9]+$/, '')));

/** A header's name means the same with `x-` before it. */
export function isCredentialHeader(name: string): boolean {
  const bare = name.replace(/^x-/i, '');
  return isCredential(bare) || HEADERS.has(bare.toLowerCase().replaceAll('-', ''));
}
