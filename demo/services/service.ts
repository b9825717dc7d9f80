import type { IncomingHttpHeaders } from 'node:http';
import type { Peer } from './peer.ts';
import type { Work } from './work.ts';

/** The name of what is outside the application. */
export const PROVIDER = 'payment-provider';

/** A request as a handler sees it. `params` are the named parts of its path. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** `GET /products/:sku` → handler. */
export type Routes = Readonly<Record<string, (call: Call) => Promise<Reply> | Reply>>;

/** What a replica is given when it starts. */
export interface Surroundings {
  /** Its own folder; nobody else writes there. */
  readonly data: string;
  readonly replica: string;
  /** @throws Error when the application does not declare this peer. */
  peer(name: string): Peer;
}

/** One of the shop's services. */
export interface ServiceDefinition {
  /** Requests worked on at a time, and how many may wait. */
  readonly workers: number;
  readonly queue: number;
  /** Its own part of every request. */
  readonly work: Work;
  start(surroundings: Surroundings): Routes;
}

/** An answer other than 2xx that a handler gives by throwing. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}

/** The object in a request's body. @throws Refusal 400 */
export function objectOf(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, 'a JSON object is needed');
  return body as Record<string, unknown>;
}
