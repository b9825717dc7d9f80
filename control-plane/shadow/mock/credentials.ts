/**
 * Names that mean a credential wherever they appear, folded: the mirror's (filters/mirror/names.ts), and those under which an
 * answer tells of cards and accounts.
 */
export const CREDENTIALS: ReadonlySet<string> = new Set(
  `pwd cvv cvc ssn sid otp auth csrf cvv2 token secret passwd apikey idtoken session password csrftoken xsrftoken sessionid
   accesskey signature authtoken passphrase privatekey credential accesstoken oldpassword newpassword credentials
   refreshtoken clientsecret securitycode sessiontoken authorization securityanswer secretaccesskey confirmpassword
   amzsecuritytoken
   pin pan card iban cardnumber`.split(/\s+/),
);
const HEADERS: ReadonlySet<string> = new Set(['cookie', 'setcookie', 'proxyauthorization']);

/** Lower case without `-` and `_`, so that access_token, accessToken and Access-Token are one. */
const fold = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '');

export const isCredential = (name: string): boolean => CREDENTIALS.has(fold(name));

/** A header's name means the same with `x-` before it. */
export function isCredentialHeader(name: string): boolean {
  const folded = fold(name.replace(/^x-/i, ''));
  return CREDENTIALS.has(folded) || HEADERS.has(folded);
}
