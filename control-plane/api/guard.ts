import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UmbraError } from '../mesh/errors.ts';

/** `localhost`, 127.0.0.0/8 or [::1], with or without a port: the names a browser of this machine knows us by. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * Refuses what did not come from this machine's own pages and tools. A page elsewhere that rebinds its name to 127.0.0.1 still
 * sends its own name as Host (and Origin), and a form posted across sites has a foreign Origin.
 * @throws UmbraError UMB0805
 */
export function requireLoopback(headers: IncomingHttpHeaders): void {
  const { host = '', origin } = headers;
  if (!LOOPBACK.test(host)) throw new UmbraError('UMB0805', `the request was sent to ${JSON.stringify(host)}`);
  if (origin === undefined) return;
  const sender = /^https?:\/\/(.+)$/.exec(origin)?.[1];
  if (sender === undefined || !LOOPBACK.test(sender)) {
    throw new UmbraError('UMB0805', `the request was sent by ${JSON.stringify(origin)}`);
  }
}

/**
 * Requires `Authorization: Bearer TOKEN`. Digests are compared, in constant time, so that neither the token's length nor its
 * first letters leak by timing. No cookie is ever accepted: a browser would send it for others.
 * @throws UmbraError UMB0801
 */
export function requireToken(headers: IncomingHttpHeaders, token: string): void {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (given === undefined) throw new UmbraError('UMB0801', 'this changes something and needs the token');
  if (!timingSafeEqual(digest(given), digest(token))) throw new UmbraError('UMB0801', 'the token is wrong');
}

const digest = (text: string) => createHash('sha256').update(text).digest();
