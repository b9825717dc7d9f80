import type { MirrorStatus } from '../api/plane.ts';
import type { MirrorShare } from '../chaos/mirroring.ts';
import type { Comparisons } from '../shadow/route-fidelity.ts';

const PREFIX = 'umbra_mirror_';

const byReason = (filters: Readonly<Record<string, number>>, what: 'dropped' | 'skipped'): Record<string, number> => {
  const found: Record<string, number> = {};
  const start = `${PREFIX}${what}_`;
  for (const [name, n] of Object.entries(filters))
    if (name.startsWith(start) && n > 0) found[name.slice(start.length)] = n;
  return found;
};

/**
 * What the mirror filter's counters say; `filters` are the collector's totals by name. `copied` is how much is copied just now;
 * undefined where there is no shadow.
 */
export function mirrorStatus(
  filters: Readonly<Record<string, number>>,
  alive: boolean,
  copied: MirrorShare | undefined,
): MirrorStatus {
  const count = (name: string) => filters[PREFIX + name] ?? 0;
  const failed = count('failed');
  return {
    share: copied?.share ?? 0,
    mirrored: count('sent'),
    dropped: { ...byReason(filters, 'dropped'), ...(failed > 0 ? { failed } : {}) },
    skipped: byReason(filters, 'skipped'),
    compared: count('compared'),
    differing: count('status_mismatch') + count('digest_mismatch'),
    alive,
    ...noteOf(copied),
  };
}

function noteOf(copied: MirrorShare | undefined): { note?: string } {
  if (!copied) return { note: 'there is no shadow to mirror into' };
  return copied.why === undefined ? {} : { note: `${Math.round(100 * copied.share)}% is copied: ${copied.why}` };
}

/** The comparisons of each route, by its name; `filters` as above. */
export function comparisons(filters: Readonly<Record<string, number>>): Record<string, Comparisons> {
  const count = (route: string, what: string) => filters[`${PREFIX}route.${route}.${what}`] ?? 0;
  const routes = Object.keys(filters).flatMap((name) => {
    const route = name.startsWith(`${PREFIX}route.`) && name.endsWith('.compared') ? name.split('.')[1] : undefined;
    return route === undefined ? [] : [route];
  });
  return Object.fromEntries(
    routes.map((route) => [
      route,
      {
        compared: count(route, 'compared'),
        statusMismatch: count(route, 'status_mismatch'),
        digestMismatch: count(route, 'digest_mismatch'),
        noiseCompared: count(route, 'noise_compared'),
        noiseMismatch: count(route, 'noise_status_mismatch') + count(route, 'noise_digest_mismatch'),
      },
    ]),
  );
}
