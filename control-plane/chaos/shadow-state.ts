import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { FaultableWorld } from '../mesh/world.ts';
import type { Pulse } from './pulse.ts';
import { untilDone } from './until-done.ts';

/** Whether the shadow's data are what was kept. While that is not known an episode would be no evidence. */
export interface ShadowState {
  mark(unclean: boolean): void;
  unclean(): boolean;
  /** The last attempt failed; the next one is waited for. */
  blocked(): boolean;
  /** Attempts what no episode may come before until it succeeds or the signal aborts. */
  ensure(pulse: Pulse, signal: AbortSignal, text: string, work: () => Promise<unknown>): Promise<void>;
  /** Puts the kept data back where they may be other; unclean until that succeeds. */
  putBack(pulse: Pulse, signal: AbortSignal): Promise<void>;
}

export function createShadowState(options: {
  readonly world: Pick<FaultableWorld, 'resetState'>;
  readonly clock: Clock;
  /** What is being done, in words. */
  readonly doing: (text: string) => void;
  readonly onBlocked: (problem: UmbraError) => void;
  readonly onDone: () => void;
}): ShadowState {
  let unclean = false;
  let blocked = false;

  async function ensure(pulse: Pulse, signal: AbortSignal, text: string, work: () => Promise<unknown>): Promise<void> {
    options.doing(text);
    const onFailure = (cause: Error) => {
      blocked = true;
      const problem = new UmbraError('UMB1001', `${text}: ${cause.message}`, { cause });
      options.doing(`paused: ${problem.message}`);
      options.onBlocked(problem);
    };
    await untilDone(work, signal, { pulse, clock: options.clock, onFailure });
    if (signal.aborted) return;
    blocked = false;
    options.onDone();
  }

  return {
    mark(is) {
      unclean = is;
    },
    unclean: () => unclean,
    blocked: () => blocked,
    ensure,
    async putBack(pulse, signal) {
      if (!unclean) return;
      await ensure(pulse, signal, 'putting the shadow’s state back', () => options.world.resetState());
      if (!signal.aborted) unclean = false;
    },
  };
}
