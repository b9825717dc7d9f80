import type { Clock } from '../../../mesh/clock.ts';
import type { FilterState } from '../../../shadow/isolation/packet-filter.ts';
import type { FaultOperation, FaultState } from '../protocol.ts';
import type { FaultAction } from './faults/action.ts';
import { cpuExhaustion } from './faults/cpu.ts';
import { dependencyFailure } from './faults/dependency.ts';
import { addedLoad, type Users } from './faults/load.ts';
import { memoryExhaustion } from './faults/memory.ts';
import { outage } from './faults/outage.ts';
import { packetLoss } from './faults/packet-loss.ts';
import type { Mocks } from './shadow-externals.ts';
import type { Replicas } from './world-runtime.ts';

export interface FaultRegistryOptions {
  readonly clock: Clock;
  /** The shadow's: there is no way to give it another's. */
  readonly runtime: Replicas;
  readonly externals: Mocks;
  /** Where users enter the shadow, and what more of them may ask for. */
  readonly users: Users;
  /** Loads packet filter rules, where the shadow has a network namespace. */
  readonly filter?: (text: string) => Promise<unknown>;
  readonly filterState: () => Promise<FilterState | undefined>;
  /** Cores of the whole shadow; 0 = unbounded. */
  readonly bound: () => number;
  readonly say: (line: string) => void;
}

interface InForce {
  readonly action: FaultAction;
  /** Settles when it is made, or when it could not be. */
  making: Promise<void> | undefined;
  /** Of its end, or of the next attempt to end it. */
  timer: AbortController;
  failures: number;
}

/** What cannot be taken back is tried again after so long, twice as long each time, up to a minute. */
const AGAIN_MS = 1000;
const MOST_AGAIN_MS = 60_000;

/**
 * Faults the supervisor makes in the shadow. Each ends at its own absolute time by the supervisor's own timer, whatever has
 * become of who asked for it. One that cannot be taken back stays listed, is told, and tried again until it can.
 */
export class FaultRegistry {
  readonly #options: FaultRegistryOptions;
  readonly #inForce = new Map<string, InForce>();
  #closed = false;

  constructor(options: FaultRegistryOptions) {
    if (options.runtime.world !== 'shadow')
      throw new Error(`faults belong to the shadow, not to ${options.runtime.world}`);
    this.#options = options;
  }

  ids(): string[] {
    return [...this.#inForce.keys()];
  }

  /** Makes a fault and says what is really in place then. One that is past does nothing. @throws where it cannot be made */
  async apply(id: string, operation: FaultOperation, expiresAt: number): Promise<FaultState> {
    await this.clear(id);
    if (this.#closed) throw new Error('the shadow has ended');
    const left = expiresAt - this.#options.clock.now();
    if (!(left > 0)) return { inPlace: false, detail: 'its time is over' };
    const action = this.#actionFor(id, operation, expiresAt);
    const fault: InForce = { action, making: undefined, timer: new AbortController(), failures: 0 };
    this.#inForce.set(id, fault);
    this.#endAfter(id, fault, left);
    try {
      fault.making = action.apply().finally(() => {
        fault.making = undefined;
      });
      await fault.making;
      return await action.state();
    } catch (e) {
      // Why it was not made is what counts; what is left of it is tried again.
      await this.clear(id).catch(() => {});
      throw e;
    }
  }

  /** Whether it was in force. @throws where it cannot be taken back now; it is tried again */
  async clear(id: string): Promise<boolean> {
    const found = this.#inForce.get(id);
    if (!found) return false;
    found.timer.abort();
    try {
      const { making } = found;
      await found.action.undo();
      // What was being made meanwhile may have been made after that.
      if (making) {
        await making.catch(() => {});
        await found.action.undo();
      }
    } catch (e) {
      if (this.#inForce.get(id) === found && !this.#closed) {
        this.#endAfter(id, found, Math.min(MOST_AGAIN_MS, AGAIN_MS * 2 ** found.failures++));
        this.#options.say(`the fault ${id} is not taken back yet: ${(e as Error).message}`);
      }
      throw e;
    }
    if (this.#inForce.get(id) === found) this.#inForce.delete(id);
    return true;
  }

  #endAfter(id: string, fault: InForce, ms: number): void {
    fault.timer = new AbortController();
    const { signal } = fault.timer;
    // Rejects where the wait was ended, or where clear() has said why it failed.
    this.#options.clock.sleep(ms, signal).then(
      () => this.clear(id).catch(() => {}),
      () => {},
    );
  }

  async state(id: string): Promise<FaultState> {
    const found = this.#inForce.get(id);
    return found ? found.action.state() : { inPlace: false, detail: 'not in force' };
  }

  /** At the end of the shadow, asked for or not: faults are taken back if they can be, and gone with it if not. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.ids().map((id) => this.clear(id).catch(() => {})));
    this.#inForce.clear();
  }

  #actionFor(id: string, operation: FaultOperation, expiresAt: number): FaultAction {
    const { runtime, externals, filter, filterState, bound } = this.#options;
    switch (operation.kind) {
      case 'outage':
        return outage(runtime, operation, this.#options.clock);
      case 'cpu':
        return cpuExhaustion(runtime, operation, bound());
      case 'memory':
        return memoryExhaustion(runtime, operation);
      case 'packet-loss':
        if (!filter) throw new Error('the shadow has no network namespace of its own');
        return packetLoss(id, runtime, operation, { load: filter, state: filterState });
      case 'load':
        return addedLoad(this.#options.users, operation);
      case 'dependency':
        return dependencyFailure(id, externals, operation, expiresAt);
    }
  }
}
