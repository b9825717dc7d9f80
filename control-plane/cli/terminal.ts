import type { Paint } from './text/words.ts';

/** Where commands print: results to `out`, everything else to `err`. Tests give their own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly paint: Paint;
  now(): number;
  /** Aborts when the user wants a command that goes on to end. */
  readonly stop: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Who gives orders, for the audit log. */
  readonly user: string;
}
