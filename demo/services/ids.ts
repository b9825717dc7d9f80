import { createHash, randomBytes } from 'node:crypto';

/** A new id of the server's making: `ord_3f…`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(9).toString('base64url').replace(/[-_]/g, 'x')}`;
}

/**
 * The account behind a credential (the whole `authorization` header): an unknown one opens an account, as with a key that
 * is its own identity. The same credential is the same account everywhere, without a list of passwords.
 */
export function accountOf(authorization: string): string {
  return `acc_${createHash('sha256').update(authorization).digest('hex').slice(0, 20)}`;
}

/** The account of a session that nobody logged in to. */
export function guestOf(session: string): string {
  return `guest_${createHash('sha256').update(session).digest('hex').slice(0, 20)}`;
}
