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
import type { ShadowExternals } from './shadow-externals.ts';
import type { WorldRuntime } from './world-runtime.ts';

export interface FaultRegistryOptions {
  readonly clock: Clock;
  /** The shadow's: there is no way to give it another's. */
  readonly runtime: WorldRuntime;
  readonly externals: ShadowExternals;
  /** Where users enter the shadow, and what more of them may ask for. */
  readonly users: Users;
  /** Loads packet filter rules, where the shadow has a network namespace. */
  readonly filter?: (text: string) => Promise<unknown>;
  readonly filterState: () => Promise<FilterState | undefined>;
  /** Cores of the whole shadow; 0 = unbounded. */
  readonly bound: () => number;
}

interface InForce {
  readonly action: FaultAction;
  readonly timer: NodeJS.Timeout;
}

/** Node's timers hold at most this; no fault lasts as long. */
const MOST_MS = 2 ** 31 - 1;

/**
 * Faults the supervisor makes in the shadow. Each ends at its own absolute time by the supervisor's own timer, whatever has
 * become of who asked for it.
 */
export class FaultRegistry {
  readonly #options: FaultRegistryOptions;
  readonly #inForce = new Map<string, InForce>();

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
    const left = expiresAt - this.#options.clock.now();
    if (!(left > 0)) return { inPlace: false, detail: 'its time is over' };
    const action = this.#actionFor(id, operation, expiresAt);
    const timer = setTimeout(() => void this.clear(id), Math.min(left, MOST_MS));
    this.#inForce.set(id, { action, timer });
    try {
      await action.apply();
      return await action.state();
    } catch (e) {
      await this.clear(id);
      throw e;
    }
  }

  /** Whether it was in force. */
  async clear(id: string): Promise<boolean> {
    const found = this.#inForce.get(id);
    if (!found) return false;
    this.#inForce.delete(id);
    clearTimeout(found.timer);
    await found.action.undo();
    return true;
  }

  async state(id: string): Promise<FaultState> {
    const found = this.#inForce.get(id);
    return found ? found.action.state() : { inPlace: false, detail: 'not in force' };
  }

  async close(): Promise<void> {
    await Promise.all(this.ids().map((id) => this.clear(id).catch(() => {})));
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
