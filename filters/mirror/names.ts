// Names that mean a credential wherever they appear, and headers that never reach the shadow. Constants of one length stand
// together, see `oneOf`.
import { lower, oneOf } from '../abi/text';
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
      return oneOf(folded, n, 'pwdcvvcvcssnsidotp');
    case 4:
      return oneOf(folded, n, 'authcsrfcvv2');
    case 5:
      return oneOf(folded, n, 'token');
    case 6:
      return oneOf(folded, n, 'secretpasswdapikey');
    case 7:
      return oneOf(folded, n, 'idtokensession');
    case 8:
      return oneOf(folded, n, 'password');
    case 9:
      return oneOf(folded, n, 'csrftokensessionidaccesskeysignatureauthtoken');
    case 10:
      return oneOf(folded, n, 'passphraseprivatekeycredential');
    case 11:
      return oneOf(folded, n, 'accesstokenoldpasswordnewpasswordcredentials');
    case 12:
      return oneOf(folded, n, 'refreshtokenclientsecretsecuritycodesessiontoken');
    case 13:
      return oneOf(folded, n, 'authorization');
    case 14:
      return oneOf(folded, n, 'securityanswer');
    case 15:
      return oneOf(folded, n, 'secretaccesskeyconfirmpassword');
    default:
      return false;
  }
}

/** Whether a value is redacted by its name; `more` is the configuration's own list (by its field's offset). */
export function isSecret(r: Root, more: usize, p: usize, len: u32): bool {
  if (listHasFold(list(r, more), p, len)) return true;
  return isCredential(p, len) && !listHasFold(list(r, offsetof<Root>('keep')), p, len);
}

/** Headers whose value is a credential: replaced by its pseudonym. */
export function isIdentityHeader(r: Root, p: usize, len: u32): bool {
  let known = false;
  switch (len) {
    case 7:
      known = oneOf(p, len, 'api-key');
      break;
    case 9:
      known = oneOf(p, len, 'x-api-key');
      break;
    case 12:
      known = oneOf(p, len, 'x-auth-tokenx-csrf-tokenx-xsrf-tokenx-session-id');
      break;
    case 13:
      known = oneOf(p, len, 'authorization');
      break;
    case 14:
      known = oneOf(p, len, 'x-access-token');
      break;
    case 15:
      known = oneOf(p, len, 'x-session-token');
      break;
    case 20:
      known = oneOf(p, len, 'x-amz-security-token');
      break;
    default:
      break;
  }
  return known || listHasFold(list(r, offsetof<Root>('identityHeaders')), p, len);
}

/** Hop-by-hop headers (RFC 9110, 7.6.1), what the callout sets itself, and what only this proxy may know. */
export function isDropped(p: usize, len: u32): bool {
  // x-envoy-*, x-umbra-*
  if (len >= 8 && oneOf(p, 8, 'x-envoy-x-umbra-')) return true;
  switch (len) {
    case 2:
      return oneOf(p, len, 'te');
    case 4:
      return oneOf(p, len, 'host');
    case 6:
      return oneOf(p, len, 'expect');
    case 7:
      return oneOf(p, len, 'upgradetrailer');
    case 10:
      return oneOf(p, len, 'connectionkeep-alive');
    case 14:
      return oneOf(p, len, 'content-length');
    case 16:
      return oneOf(p, len, 'proxy-connection');
    case 17:
      return oneOf(p, len, 'transfer-encoding');
    case 18:
      return oneOf(p, len, 'proxy-authenticate');
    case 19:
      return oneOf(p, len, 'proxy-authorization');
    case 23:
      return oneOf(p, len, 'x-forwarded-client-cert');
    default:
      return false;
  }
}
