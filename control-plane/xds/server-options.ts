import type { Clock } from '../mesh/clock.ts';
import type { Credentials } from './credentials.ts';
import type { AuditEvent } from './events.ts';
import type { ExtraService } from './extra-service.ts';
import type { Inspect } from './inspect/inspector.ts';
import type { Limits } from './limits.ts';
import type { LoadReportOptions } from './load-reports.ts';
import type { Authorise, CredentialScope } from './peer.ts';
import type { ListenerScope } from './resource.ts';

/** What the server writes its log with; a pino logger is one. */
export interface XdsLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ManagementServerOptions {
  readonly logger: XdsLogger;
  readonly clock: Clock;
  /** Says to proxies who serves them (`control_plane.identifier`). */
  readonly identifier: string;
  /** Of what serves, for istioctl's table. */
  readonly version?: string;
  readonly onAudit: (event: AuditEvent) => void;
  readonly limits?: Partial<Limits>;
  /** How long an answer may stay unacknowledged before a newer one is sent, or the next step taken, regardless, ms. */
  readonly patienceMs?: number;
  /** Nothing is served to anybody before `release()`: for who gathers its inputs first. */
  readonly held?: boolean;
}

export interface ListenOptions {
  /** `unix:/path` (mode 600; a stale socket file is replaced) or `host:port` (0 = any free port). */
  readonly address: string;
  /** What every stream that comes by this address may see at most. */
  readonly scope: ListenerScope;
  readonly services?: readonly ExtraService[];
  /** Mutual TLS by these, which may be replaced while it serves. Without it only this machine can connect. */
  readonly tls?: Credentials;
  /** Plaintext is meant even where other machines can connect. */
  readonly plaintext?: 'anywhere';
  /** Which nodes a peer may be. Default: with TLS those its certificate covers (`byCertificate`), without it all. */
  readonly authorise?: Authorise;
  /** What a credential may see; it narrows `scope` and never widens it. */
  readonly scopeOf?: CredentialScope;
  /** Who may look at the state of nodes behind this wall: by CSDS, and by what istioctl asks. Default: nobody. */
  readonly inspect?: Inspect;
  /** Clients are asked what they send where (LRS); each answer is a `load` event. Default: the service is not offered. */
  readonly loadReports?: LoadReportOptions;
  /** Over how long everybody is asked to prove itself anew when the authorities have changed, ms; default 30 s. */
  readonly renewalMs?: number;
}

export interface Counters {
  /** Answers sent, heartbeats included. */
  pushes: number;
  acks: number;
  nacks: number;
  /** Resources that were never served: invalid, or out of scope. */
  refused: number;
}
