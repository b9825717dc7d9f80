import { createHash } from 'node:crypto';
import type { MirrorConfig, RedactConfig } from '../../../filters/config.ts';
import { idPlaces, jsonFields, type Mirror } from '../../api/kinds/mirror.ts';
import type { Documents } from '../../api/kinds/parse.ts';
import { bytes } from '../../api/kinds/scalars.ts';
import { topologyOf } from '../../api/kinds/topology.ts';
import { SHADOW_CLUSTER } from '../../envoy/names.ts';
import { mirrorRoutes, TWICE_PERCENT } from '../../shadow/mirror-routes.ts';

/** The key of all pseudonyms: stable for a run's folder, and nothing that could be turned back into its secret. */
export function pseudonymKey(secret: string): string {
  return createHash('sha256').update(`umbra pseudonyms\n${secret}`).digest('hex').slice(0, 32);
}

/** The shadow's entry gives a request up by itself, with an answer; a copy is given up so much later, ms. */
const LATER_MS = 1000;
const LONGEST_MS = 600_000;

/** How long a copy waits: a shadow that is slow on purpose must not look like one that does not answer. */
function patience(documents: Documents): number {
  const { edges, entry } = topologyOf(documents.application);
  return Math.min(LONGEST_MS, Math.ceil(edges[entry]!.timeoutMs) + LATER_MS);
}

const scaled = (percent: number, share: number): number => Math.min(100, Math.max(0, percent * share));

function redaction({ headers, jsonFields: fields, ...rest }: NonNullable<Mirror['redact']>): RedactConfig {
  const { names, places } = jsonFields(fields);
  return { ...rest, headers: (headers ?? []).map((h) => h.toLowerCase()), jsonFields: names, jsonPaths: places };
}

/**
 * What production's ingress copies to the shadow, by the documents. `share` 0..1 scales the declared percentage (production in
 * trouble → less); undefined where there is no shadow or nothing is to be copied.
 */
export function mirrorConfig(input: {
  readonly documents: Documents;
  readonly key: string;
  readonly generation: number;
  readonly share: number;
}): MirrorConfig | undefined {
  const { documents, key, generation, share } = input;
  const shadow = documents.shadow?.spec;
  if (!shadow) return undefined;
  const mirror = shadow.mirror ?? {};
  const session = documents.application.spec.entry.session;
  const ids = mirror.ids ?? {};
  const headers = [
    ...new Set(['authorization', shadow.identity?.header?.toLowerCase()].filter((h) => h !== undefined)),
  ];
  const learn = {
    jsonPaths: idPlaces(ids.jsonFields),
    location: ids.location ?? false,
    setCookie: ids.setCookie && session?.cookie ? [session.cookie] : [],
  };
  const learns = learn.jsonPaths.length > 0 || learn.location || learn.setCookie.length > 0;
  return {
    generation,
    cluster: SHADOW_CLUSTER,
    percent: scaled(mirror.percent ?? 100, share),
    ...(session?.cookie
      ? { session: { cookie: session.cookie } }
      : session?.header
        ? { session: { header: session.header.toLowerCase() } }
        : {}),
    routes: mirrorRoutes(documents).map((route) =>
      route.percent === undefined ? route : { ...route, percent: scaled(route.percent, share) },
    ),
    twicePercent: mirror.twicePercent ?? TWICE_PERCENT,
    ...(mirror.maxBody === undefined ? {} : { maxBodyBytes: bytes(mirror.maxBody) }),
    timeoutMs: patience(documents),
    ...(mirror.maxInFlight === undefined ? {} : { maxInFlight: mirror.maxInFlight }),
    ...(mirror.redact ? { redact: redaction(mirror.redact) } : {}),
    pseudonymKey: key,
    identity: { headers },
    ...(learns ? { learn } : {}),
  };
}
