import assert from 'node:assert/strict';
import { createBudget, type ProductionState } from '../../control-plane/chaos/budget.ts';
import { type ChaosLoop, type ChaosOptions, createChaosLoop } from '../../control-plane/chaos/chaos-loop.ts';
import type { Experience } from '../../control-plane/chaos/experience.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { createShopWorld, type ShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { learned } from './policies.ts';

/** An error that is logged fails the loop. */
const loud = {
  info() {},
  warn() {},
  error(fields: object, message: string) {
    throw new Error(`${message}: ${(fields as { err?: Error }).err?.stack ?? JSON.stringify(fields)}`);
  },
};

export interface Run {
  readonly world: ShopWorld;
  readonly store: Store;
  readonly loop: ChaosLoop;
  readonly experiences: Experience[];
  readonly production: { -readonly [K in keyof ProductionState]: ProductionState[K] };
  /** Lets the shop live for so many seconds. */
  live(seconds: number): Promise<void>;
  end(): Promise<void>;
}

/** The chaos loop on a shadow of the shop, whose time the test drives. */
export function start(more: Partial<ChaosOptions> & { world?: ShopWorld; store?: Store } = {}): Run {
  const world = more.world ?? createShopWorld(3, 'shadow');
  const store = more.store ?? createMemoryStore();
  const experiences: Experience[] = [];
  const production = { impaired: false, incidentOpen: false, goodRatio: 1 };
  const budget = createBudget({ store, clock: world.clock, topology: world.topology, production: () => production });
  const loop = createChaosLoop({
    world,
    store,
    clock: world.clock,
    logger: loud,
    learned,
    policy: () => staticPolicy,
    staticPolicy,
    budget,
    seed: 11,
    onEpisode: (e) => void experiences.push(e),
    ...more,
  });
  const abort = new AbortController();
  const done = loop.run(abort.signal);
  done.catch(() => {});
  return {
    world,
    store,
    loop,
    experiences,
    production,
    async live(seconds) {
      for (let i = 0; i < seconds; i++) await world.tick();
    },
    async end() {
      abort.abort(new Error('the test ended'));
      let over = false;
      const settled = done.finally(() => {
        over = true;
      });
      settled.catch(() => {});
      while (!over) await world.tick();
      await settled;
    },
  };
}

/** Lets the shop live until the condition holds. */
export async function until(run: Run, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await run.live(1);
  assert.ok(condition(), run.loop.status().activity);
}

export const faulted = (run: Run): boolean => run.world.leases().some((l) => l.type === 'fault');
