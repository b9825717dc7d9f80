import { createGuardian, type Guardian, type GuardianOptions } from '../../control-plane/guardian/guardian.ts';
import type { GuardianEvent } from '../../control-plane/guardian/ports.ts';
import { createMemoryStore } from '../../control-plane/guardian/testing/memory-store.ts';
import { createShopWorld, type ShopWorld } from '../../control-plane/guardian/testing/shop-world.ts';
import { staticPolicy } from '../../control-plane/learning/static-policy.ts';
import { describeMitigation, type Mitigation } from '../../control-plane/mesh/mitigation.ts';
import type { Policy } from '../../control-plane/mesh/policy.ts';
import type { Mode } from '../../control-plane/mesh/record.ts';
import { rngOf } from '../../control-plane/mesh/rng.ts';
import type { Store } from '../../control-plane/mesh/store.ts';
import { learned } from './policies.ts';

/** A logger that lets nothing be wrong unnoticed. */
export const quiet = {
  info() {},
  warn() {},
  error(fields: object, message: string) {
    throw new Error(`${message}: ${JSON.stringify(fields)} ${(fields as { err?: Error }).err?.stack}`);
  },
};
export const failover: Mitigation = { kind: 'failover', target: { edge: 'web>pay' }, strength: 1 };

/** A guardian over the shop of the tests, window by window. */
export interface Scene {
  readonly world: ShopWorld;
  readonly store: Store;
  readonly guardian: Guardian;
  readonly events: GuardianEvent[];
  /** Runs windows; returns their good ratios. */
  run(windows: number): Promise<number[]>;
  inForce(): string[];
}

export function scene(
  policy: Policy,
  more: Partial<GuardianOptions> & { mode?: Mode; seed?: number; store?: Store } = {},
): Scene {
  const world = createShopWorld(more.seed ?? 1);
  const store = more.store ?? createMemoryStore();
  const events: GuardianEvent[] = [];
  const guardian = createGuardian({
    world,
    store,
    clock: world.clock,
    logger: quiet,
    policy: () => policy,
    staticPolicy,
    learned,
    modeOf: () => more.mode ?? 'auto',
    onEvent: (e) => events.push(e),
    rng: rngOf(5),
    ...more,
  });
  return {
    world,
    store,
    guardian,
    events,
    async run(windows) {
      const ratios: number[] = [];
      for (let i = 0; i < windows; i++) {
        const s = await world.tick();
        await guardian.window(s);
        await new Promise((resolve) => setImmediate(resolve));
        ratios.push(s.entry.offered > 0 ? s.entry.good / s.entry.offered : 1);
      }
      return ratios;
    },
    inForce: () => world.leases().flatMap((l) => (l.type === 'mitigation' ? [describeMitigation(l.mitigation)] : [])),
  };
}

export const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
