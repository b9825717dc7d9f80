import type { Episode } from '../mesh/record.ts';
import type { Collection } from '../mesh/store.ts';

/** Episodes looked at: the newest, and some more where the clock was set back meanwhile. */
const NEWEST = 100;

export const episodeId = (serial: number): string => `e${serial}`;

/** The serial of the last episode there was, 0 for none. Not their number: the store forgets the oldest. */
export const lastSerial = (episodes: Pick<Collection<Episode>, 'list'>): number =>
  Math.max(0, ...episodes.list({ limit: NEWEST }).map(({ id }) => Number(/^e(\d+)$/.exec(id)?.[1] ?? 0)));
