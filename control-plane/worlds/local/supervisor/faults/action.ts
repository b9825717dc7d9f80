import type { FaultState } from '../../protocol.ts';

/** One fault that the supervisor makes: a pair of apply and undo, and a look at what is really in place. */
export interface FaultAction {
  /** @throws with the reason where it cannot be made */
  apply(): Promise<void>;
  /** Idempotent. */
  undo(): Promise<void>;
  state(): Promise<FaultState>;
}
