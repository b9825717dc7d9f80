import type { AuditEvent } from './events.ts';

/** The same attempt within this time is counted, not told again, ms. */
const QUIET_MS = 60_000;
/** Attempts told apart at a time. */
const MOST = 1000;

/**
 * Tells every attempt at something that is not allowed once a minute at most, with how often it was made since it was
 * last told. A proxy that tries again and again, at every reconnection, would otherwise fill the log and the store.
 */
export class Audit {
  readonly #tell: (event: AuditEvent) => void;
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(tell: (event: AuditEvent) => void) {
    this.#tell = tell;
  }

  /** `cause`: what makes two attempts of a kind the same where node ids and words may be made up; default: those. */
  record(event: AuditEvent, cause: string = `${event.nodeId}\n${event.detail}`): void {
    const { kind, scope } = event;
    const key = `${kind} ${scope} ${cause}`;
    const before = this.#told.get(key);
    if (before && event.at - before.at < QUIET_MS) {
      before.since++;
      return;
    }
    this.#told.delete(key);
    if (this.#told.size >= MOST) this.#told.delete(this.#told.keys().next().value!);
    this.#told.set(key, { at: event.at, since: 0 });
    this.#tell(before && before.since > 0 ? { ...event, repeated: before.since } : event);
  }
}
