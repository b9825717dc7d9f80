import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';

/** What mutual TLS is made of, all PEM. */
export interface TlsMaterial {
  /** The server's certificate, followed by its chain. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Whose certificates a client may come with. */
  readonly authorities: Buffer;
  /** Certificates that were taken back (a CRL). */
  readonly revoked?: Buffer | undefined;
}

export interface CredentialsChange {
  readonly material: TlsMaterial;
  /** Whom to believe has changed, not only how the server proves itself: who was believed before has to prove it anew. */
  readonly trust: boolean;
}

/**
 * The certificates of a listener, which can be replaced while it serves. What cannot work is never taken over: the last
 * good ones stay.
 */
export class Credentials {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #listeners = new Set<(change: CredentialsChange) => void>();
  #material: TlsMaterial;

  /** Errors: UMB0308. */
  constructor(material: TlsMaterial, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    check(material, clock.now());
    this.#material = material;
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** When the server's own certificate ends, ms since the epoch. */
  get expiresAt(): number {
    return Date.parse(new X509Certificate(this.#material.certificate).validTo);
  }

  /** New handshakes use these from now on. Returns whether anything changed. Errors: UMB0308, and nothing is replaced. */
  replace(material: TlsMaterial): boolean {
    const before = this.#material;
    const trust = !same(before.authorities, material.authorities) || !same(before.revoked, material.revoked);
    if (!trust && same(before.certificate, material.certificate) && same(before.key, material.key)) return false;
    check(material, this.#clock.now());
    this.#material = material;
    for (const listener of this.#listeners) listener({ material, trust });
    return true;
  }

  /** Returns what takes the listener away again. */
  onChange(listener: (change: CredentialsChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The material as `node:tls` takes it. */
export function secureContextOptions({ certificate, key, authorities, revoked }: TlsMaterial) {
  return {
    cert: certificate,
    key,
    ca: authorities,
    ...(revoked ? { crl: revoked } : {}),
    minVersion: 'TLSv1.2',
  } as const;
}

function check(material: TlsMaterial, now: number): void {
  let own: X509Certificate;
  try {
    own = new X509Certificate(material.certificate);
    // Without a single certificate in it everybody's would be refused, and with some systems' defaults anybody's taken.
    new X509Certificate(material.authorities);
    createSecureContext(secureContextOptions(material));
  } catch (error) {
    throw new UmbraError('UMB0308', (error as Error).message, { cause: error });
  }
  if (Date.parse(own.validTo) <= now)
    throw new UmbraError('UMB0308', `the certificate of ${own.subject} ended on ${own.validTo}`);
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}
