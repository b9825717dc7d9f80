import type { X509Certificate } from 'node:crypto';
import type { ListenerScope } from './resource.ts';
import type { SpiffeId } from './spiffe.ts';
import { parseSpiffeId, uriNames } from './spiffe.ts';

/** Who is at the other end of a connection: what the transport proved, not what was said. */
export interface Peer {
  /** `127.0.0.1:4242`; `unix:7` for the seventh connection by a Unix socket. */
  readonly address: string;
  /** What its certificate proves; undefined without TLS, where being able to connect is all there is. */
  readonly identity: Identity | undefined;
}

export interface Identity {
  /** The one SPIFFE id of the certificate; undefined where there is none, or more than one. */
  readonly spiffeId: SpiffeId | undefined;
  /** The certificate's subject, for people. */
  readonly subject: string;
  /** The certificate is void from then on, ms since the epoch. */
  readonly expiresAt: number;
}

/** Why the peer may not be the node it claims to be; undefined = it may. */
export type Authorise = (peer: Peer, nodeId: string) => string | undefined;

/** The scope a credential stands for. It can only narrow that of the listener. */
export type CredentialScope = (peer: Peer) => ListenerScope;

/** What a verified client certificate says. An X.509 SVID has exactly one URI and is no authority (X509-SVID, 2 and 4). */
export function identityOf(certificate: X509Certificate): Identity {
  const uris = uriNames(certificate.subjectAltName);
  return {
    spiffeId: uris.length === 1 && !certificate.ca ? parseSpiffeId(uris[0]!) : undefined,
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
    expiresAt: Date.parse(certificate.validTo),
  };
}

/** A peer in words. */
export function describePeer({ address, identity }: Peer): string {
  if (!identity) return address;
  return `${identity.spiffeId?.uri ?? `“${identity.subject}” without a SPIFFE id`} at ${address}`;
}

/** What stays the same when a peer connects again. */
export function sourceOf({ address, identity }: Peer): string {
  return identity?.spiffeId?.uri ?? address.slice(0, address.lastIndexOf(':'));
}
