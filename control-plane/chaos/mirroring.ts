import type { ProductionState } from './budget.ts';
import { headroom } from './headroom.ts';

/** How much of the declared mirrored traffic is copied just now, and why where that is not all. */
export interface MirrorShare {
  /** 0..1 of what the Shadow document asks for. */
  readonly share: number;
  readonly why?: string;
}

/** What the shadow has while somebody tries to reproduce production's trouble in it, however busy the machine. */
const REPRODUCING = 0.5;
/** What it keeps while production is in trouble and nobody does: its connections, sessions and windows stay warm. */
const RESTING = 0.25;
/** A trouble younger than this may still be asked about; the guardian asks within its first decisions. */
const YOUNG_MS = 20_000;
/** More is copied again only when nothing asked for less for this long: each change is a new configuration of the filter. */
const CALM_MS = 30_000;

/**
 * Mirroring follows production (design, "Shadow"). A copy costs its proxy about two thirds of a request's work, and the shadow's
 * own work gives way, so what a copy may harm is a machine that has nothing left: calm production copies all as long as there is
 * room, in quarters, down to nothing. In trouble there is a reason against copies, they are work when work is what production
 * lacks, and one for them, a reproduction under another load is another trouble. So nothing changes while the trouble is
 * young or being reproduced, where at least half is copied; after that a quarter, where the machine has room for it.
 * Less takes effect at once, more after thirty calm seconds, unless a reproduction wants it.
 */
export function createMirroring(): {
  /** @param reproducing the shadow is trying to show what production shows */
  next(production: ProductionState, reproducing: boolean, now: number): MirrorShare;
} {
  let current: MirrorShare = { share: 1 };
  let troubleSince: number | undefined;
  let lessAt = Number.NEGATIVE_INFINITY;
  return {
    next(production, reproducing, now) {
      const trouble = production.impaired || production.incidentOpen;
      troubleSince = trouble ? (troubleSince ?? now) : undefined;
      const room = Math.ceil(headroom(production.busy) * 4) / 4;
      const busy = `${Math.round(100 * (production.busy ?? 0))}% of the machine is in use`;
      let wanted: MirrorShare = room < 1 ? { share: room, why: busy } : { share: 1 };
      const asked = trouble && (reproducing || now - troubleSince! < YOUNG_MS);
      if (asked && room < REPRODUCING)
        wanted = { share: REPRODUCING, why: `${busy}; production’s trouble is looked into` };
      if (trouble && !asked && room > RESTING) wanted = { share: RESTING, why: 'production is in trouble' };
      if (wanted.share < 1) lessAt = wanted.share <= current.share ? now : lessAt;
      if (wanted.share <= current.share || asked || now - lessAt >= CALM_MS) current = wanted;
      return current;
    },
  };
}
