/**
 * What may be wrong with a replica. Set from outside through its control socket, in force as long as the connection that
 * set it stays open. All times in ms.
 */
export interface Affliction {
  /** Added to every request's work. */
  readonly delayMs?: number;
  /** Share 0..1 of requests answered with 500. */
  readonly errorShare?: number;
  /** Requests are taken and never answered; health checks are. */
  readonly hang?: boolean;
  /** When it has taken so many requests the process answers nothing for `dyingMs` (it writes its dump), then dies. */
  readonly crash?: { readonly afterRequests: number; readonly dyingMs: number };
  /** Keeps the CPU for `busyMs`, lets go for `freeMs`, over and over. */
  readonly burn?: { readonly busyMs: number; readonly freeMs: number };
  /** Keeps `mbPerSecond` more of memory, slows each request by `msPerMb` of it, dies at `limitMb`. */
  readonly leak?: { readonly mbPerSecond: number; readonly msPerMb: number; readonly limitMb: number };
  /** Requests pass one at a time; each holds the lock for `baseMs`, plus `perWaitingMs` for each one waiting, at most `maxMs`. */
  readonly contention?: { readonly baseMs: number; readonly perWaitingMs: number; readonly maxMs: number };
  /** No request's work begins until this long after. */
  readonly stallMs?: number;
}

const shapes: Record<keyof Affliction, 'number' | 'boolean' | readonly string[]> = {
  delayMs: 'number',
  errorShare: 'number',
  hang: 'boolean',
  crash: ['afterRequests', 'dyingMs'],
  burn: ['busyMs', 'freeMs'],
  leak: ['mbPerSecond', 'msPerMb', 'limitMb'],
  contention: ['baseMs', 'perWaitingMs', 'maxMs'],
  stallMs: 'number',
};

const isAmount = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** The affliction in a JSON text, or what is wrong with it. */
export function parseAffliction(text: string): Affliction | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    return `no JSON: ${(e as Error).message}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'an affliction is an object';
  for (const [name, field] of Object.entries(value)) {
    if (!Object.hasOwn(shapes, name)) return `unknown affliction ${JSON.stringify(name)}`;
    const shape = shapes[name as keyof Affliction];
    if (shape === 'number' ? !isAmount(field) : shape === 'boolean' && typeof field !== 'boolean')
      return `${name} must be a ${shape}`;
    if (typeof shape === 'string') continue;
    const inner = field as Record<string, unknown>;
    if (typeof field !== 'object' || field === null || !shape.every((key) => isAmount(inner[key])))
      return `${name} needs the numbers ${shape.join(', ')}`;
  }
  return value as Affliction;
}

/** How long a request holds the lock with `waiting` others behind it. */
export function holdTime(contention: NonNullable<Affliction['contention']>, waiting: number): number {
  return Math.min(contention.maxMs, contention.baseMs + contention.perWaitingMs * waiting);
}
