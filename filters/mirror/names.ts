// Names that mean a credential wherever they appear, and headers that never reach the shadow.
import { amongSorted, beginsFold, lower } from '../abi/text';
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

const CREDENTIALS = sorted`
  pwd cvv cvc ssn sid otp auth csrf cvv2 token secret passwd apikey idtoken session password csrftoken xsrftoken sessionid
  accesskey signature authtoken passphrase privatekey credential accesstoken oldpassword newpassword credentials
  refreshtoken clientsecret securitycode sessiontoken authorization securityanswer secretaccesskey confirmpassword
  amzsecuritytoken`;

function isCredential(p: usize, len: u32): bool {
  const n = fold(p, len);
  return amongSorted(folded, n, CREDENTIALS) != 0;
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
