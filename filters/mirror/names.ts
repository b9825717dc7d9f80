// Names that mean a credential wherever they appear, and headers that never reach the shadow.
import { amongSorted, beginsFold, equal, lower } from '../abi/text';
import { list, listHasFold, Root } from './state';

const MOST: u32 = 64;
const folded: usize = memory.data(64, 8);

const EXACT = sorted`pwd cvv cvc ssn sid otp auth csrf session signature securityanswer`;
/** What a name ends with; the first three say where the next page begins. */
const ENDS = words`
  pagetoken nexttoken continuationtoken password passwd passcode passphrase secret token apikey accesskey authkey secretkey privatekey subscriptionkey sessionid
  sessid authorization credential credentials securitycode passwordconfirmation`;
const PLAIN: u32 = 3;
/** Bit {@link lastTwo} for each of the words above. */
const ENDINGS: u64 = 0xd588008220282050;

/** What the last two bytes of a name are told apart by: so few names of other meanings have a word's that most need no comparing. */
@inline
function lastTwo(end: usize): u64 {
  return <u64>((<u32>load<u16>(end - 2) * 135) >> 8);
}

/** Whether the `n` bytes that are folded mean a credential. */
function means(n: u32): bool {
  const end = folded + n;
  if (!((ENDINGS >> lastTwo(end)) & 1)) return false;
  let word = changetype<usize>(ENDS);
  let i: u32 = 0;
  for (let size: u32 = load<u8>(word); size != 0; size = load<u8>(word)) {
    if (size <= n && equal(end - size, word + 1, size)) return i >= PLAIN;
    word += size + 1;
    i++;
  }
  return amongSorted(folded, n, EXACT) != 0;
}

/**
 * Whether a name, or one of those that it is made of (`user[password]`, `user.password`), means a credential; in lower case and
 * without signs, so that access_token, accessToken and Access-Token are one, and so is access_token_2: only what is up to the last
 * letter counts.
 */
function isCredential(p: usize, len: u32): bool {
  let n: u32 = 0;
  let letters: u32 = 0;
  for (const end = p + len; p <= end; p++) {
    const c: u32 = p == end ? 46 : lower(load<u8>(p));
    if (c - 97 < 26 || c - 48 < 10) {
      if (n == MOST) {
        n = MOST / 2;
        memory.copy(folded, folded + n, n);
      }
      store<u8>(folded + n++, c);
      if (c > 57) letters = n;
    } else if (c == 46 || c == 91) {
      if (means(letters)) return true;
      n = letters = 0;
    }
  }
  return false;
}

/** Whether a value is redacted by its name; `more` is the configuration's own list (by its field's offset). */
export function isSecret(r: Root, more: usize, p: usize, len: u32): bool {
  if (listHasFold(list(r, more), p, len)) return true;
  return isCredential(p, len) && !listHasFold(list(r, offsetof<Root>('keep')), p, len);
}

/** Headers whose value is a credential, replaced by its pseudonym: what the name means is the same with `x-` before it. */
export function isIdentityHeader(r: Root, p: usize, len: u32): bool {
  const skip: u32 = len > 2 && load<u16>(p) == 0x2d78 ? 2 : 0;
  return isCredential(p + skip, len - skip) || listHasFold(list(r, offsetof<Root>('identityHeaders')), p, len);
}

const DROPPED = sorted`
  te host expect upgrade trailer connection keep-alive content-length proxy-connection transfer-encoding
  proxy-authenticate proxy-authorization x-forwarded-client-cert`;

/** Hop-by-hop headers (RFC 9110, 7.6.1), what the callout sets itself, and what only this proxy may know. */
export function isDropped(p: usize, len: u32): bool {
  return beginsFold(p, len, 'x-envoy-') || beginsFold(p, len, 'x-umbra-') || amongSorted(p, len, DROPPED) != 0;
}
