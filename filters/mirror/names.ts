// Names that mean a credential wherever they appear, and headers that never reach the shadow.
import { is, lower } from '../abi/text';
import { list, listHasFold, Root } from './state';

const MOST: u32 = 32;
const folded: usize = memory.data(32, 8);

/** The name in lower case without `-` and `_`, so that access_token, accessToken and Access-Token are one; its length. */
function fold(p: usize, len: u32): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < len; i++) {
    const c = load<u8>(p + i);
    if (c == 45 || c == 95) continue;
    if (n == MOST) return 0;
    store<u8>(folded + n++, lower(c));
  }
  return n;
}

function isCredential(p: usize, len: u32): bool {
  const n = fold(p, len);
  switch (n) {
    case 3:
      return (
        is(folded, n, 'pwd') ||
        is(folded, n, 'cvv') ||
        is(folded, n, 'cvc') ||
        is(folded, n, 'ssn') ||
        is(folded, n, 'sid') ||
        is(folded, n, 'otp')
      );
    case 4:
      return is(folded, n, 'auth') || is(folded, n, 'csrf') || is(folded, n, 'cvv2');
    case 5:
      return is(folded, n, 'token');
    case 6:
      return is(folded, n, 'secret') || is(folded, n, 'passwd') || is(folded, n, 'apikey');
    case 7:
      return is(folded, n, 'idtoken') || is(folded, n, 'session');
    case 8:
      return is(folded, n, 'password');
    case 9:
      return (
        is(folded, n, 'csrftoken') ||
        is(folded, n, 'sessionid') ||
        is(folded, n, 'accesskey') ||
        is(folded, n, 'signature') ||
        is(folded, n, 'authtoken')
      );
    case 10:
      return is(folded, n, 'passphrase') || is(folded, n, 'privatekey') || is(folded, n, 'credential');
    case 11:
      return (
        is(folded, n, 'accesstoken') ||
        is(folded, n, 'oldpassword') ||
        is(folded, n, 'newpassword') ||
        is(folded, n, 'credentials')
      );
    case 12:
      return (
        is(folded, n, 'refreshtoken') ||
        is(folded, n, 'clientsecret') ||
        is(folded, n, 'securitycode') ||
        is(folded, n, 'sessiontoken')
      );
    case 13:
      return is(folded, n, 'authorization');
    case 15:
      return is(folded, n, 'securityanswer') || is(folded, n, 'secretaccesskey');
    default:
      return false;
  }
}

/** Whether a JSON field is redacted by name. */
export function isSecretField(r: Root, p: usize, len: u32): bool {
  if (listHasFold(list(r, offsetof<Root>('redactFields')), p, len)) return true;
  return isCredential(p, len) && !listHasFold(list(r, offsetof<Root>('keep')), p, len);
}

/** Whether a query or form field is redacted by name. */
export function isSecretParameter(r: Root, p: usize, len: u32): bool {
  if (listHasFold(list(r, offsetof<Root>('redactQuery')), p, len)) return true;
  return isCredential(p, len) && !listHasFold(list(r, offsetof<Root>('keep')), p, len);
}

/** Headers whose value is a credential: replaced by its pseudonym. */
export function isIdentityHeader(r: Root, p: usize, len: u32): bool {
  switch (len) {
    case 7:
      if (is(p, len, 'api-key')) return true;
      break;
    case 9:
      if (is(p, len, 'x-api-key')) return true;
      break;
    case 12:
      if (
        is(p, len, 'x-auth-token') ||
        is(p, len, 'x-csrf-token') ||
        is(p, len, 'x-xsrf-token') ||
        is(p, len, 'x-session-id')
      )
        return true;
      break;
    case 13:
      if (is(p, len, 'authorization')) return true;
      break;
    case 14:
      if (is(p, len, 'x-access-token')) return true;
      break;
    case 15:
      if (is(p, len, 'x-session-token')) return true;
      break;
    case 20:
      if (is(p, len, 'x-amz-security-token')) return true;
      break;
    default:
      break;
  }
  return listHasFold(list(r, offsetof<Root>('identityHeaders')), p, len);
}

/** Hop-by-hop headers (RFC 9110, 7.6.1), what the callout sets itself, and what only this proxy may know. */
export function isDropped(p: usize, len: u32): bool {
  if (len > 7 && load<u8>(p) == 120) {
    // x-envoy-*, x-umbra-*
    if (is(p, 8, 'x-envoy-') || is(p, 8, 'x-umbra-')) return true;
    return is(p, len, 'x-forwarded-client-cert');
  }
  switch (len) {
    case 2:
      return is(p, len, 'te');
    case 4:
      return is(p, len, 'host');
    case 6:
      return is(p, len, 'expect');
    case 7:
      return is(p, len, 'upgrade') || is(p, len, 'trailer');
    case 8:
      return is(p, len, 'trailers');
    case 10:
      return is(p, len, 'connection') || is(p, len, 'keep-alive');
    case 14:
      return is(p, len, 'content-length');
    case 16:
      return is(p, len, 'proxy-connection');
    case 17:
      return is(p, len, 'transfer-encoding');
    case 18:
      return is(p, len, 'proxy-authenticate');
    case 19:
      return is(p, len, 'proxy-authorization');
    default:
      return false;
  }
}
