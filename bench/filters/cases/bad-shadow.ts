import { create, type JsonValue, toJson } from '@bufbuild/protobuf';
import { shadowCluster } from '../../../control-plane/envoy/clusters.ts';
import { SHADOW_CLUSTER } from '../../../control-plane/envoy/names.ts';
import { ClusterSchema } from '../../../control-plane/envoy/protos/gen/envoy/config/cluster/v3/cluster_pb.js';
import { registry } from '../../../control-plane/envoy/protos/registry.ts';
import { openLoop, quantile } from '../../lib/load.ts';
import { type Origin, startOrigin } from '../../lib/origin.ts';
import { residentBytes } from '../../lib/process.ts';
import type { Row } from '../../lib/rows.ts';
import { mean, median } from '../../lib/stats.ts';
import { requestOf } from '../../lib/wire.ts';
import { AGAIN, BENCH, NATIVE, NONE } from '../figures.ts';
import { mirror } from '../http-filters.ts';
import { noiseOf, ratios } from '../noise.ts';
import type { Case } from '../options.ts';
import { jsonOf } from '../payloads.ts';
import { type Envoy, keepOffProxies, proxied, startProxy } from '../proxy.ts';
import { GONE, WELL } from '../shadows/names.ts';
import { startShadows } from '../shadows/process.ts';
import { rounds, WARM_UP_MS } from '../side-by-side.ts';

const MIB = 2 ** 20;
const PER_SECOND = 300;
/** A proxy that is slow for a while must not have more connections for it than the others: each takes memory. */
const CONNECTIONS = 64;
/** Turns are this much longer than the other cases': the 99th percentile is to stand on more than a few requests. */
const LONGER = 3;
/** A turn is made of so many short ones, between which all others have theirs: what slows the machine for seconds slows all alike. */
const SLICES = 12;
const LOOK_EVERY_MS = 100;
/** The filter's defaults: the most there may be at a time. */
const CAPS = { maxInFlight: 64, maxBytesHeld: 16 * MIB };
const BAD = ['answers without an end', 'never answers', 'resets the connection', GONE] as const;
/** What is measured, and the shadow it has. */
const SHADOW_OF: Readonly<Record<string, string | undefined>> = {
  [NONE]: undefined,
  [WELL]: WELL,
  [NATIVE]: WELL,
  ...Object.fromEntries(BAD.map((bad) => [bad, bad])),
  [AGAIN]: undefined,
};
const NAMES = Object.keys(SHADOW_OF);

/** A slice of one proxy's turn. */
interface Slice {
  /** CPU time of the proxy per request, µs. */
  readonly cpu: number;
  /** ms, in rising order. */
  readonly latencies: Float64Array;
  /** Most seen. */
  readonly resident: number;
  readonly inFlight: number;
  readonly held: number;
  /** Copies on a connection to the shadow, of 100 requests. */
  readonly copied: number;
}

/** One proxy's turn. */
interface Sample extends Omit<Slice, 'latencies'> {
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

/** Slices have as many requests each. */
function joined(slices: readonly Slice[]): Sample {
  const latencies = Float64Array.from(slices.flatMap((s) => [...s.latencies])).sort();
  const most = (of: 'resident' | 'inFlight' | 'held') => Math.max(...slices.map((s) => s[of]));
  return {
    cpu: mean(slices.map((s) => s.cpu)),
    copied: mean(slices.map((s) => s.copied)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    resident: most('resident'),
    inFlight: most('inFlight'),
    held: most('held'),
  };
}

const turnsOf = (slices: readonly Slice[]): Sample[] =>
  Array.from({ length: slices.length / SLICES }, (_, i) => joined(slices.slice(i * SLICES, (i + 1) * SLICES)));

/** A proxy of its own for each, so that its memory is its own. Its shadow's cluster is the one our control plane makes. */
async function proxyOf(name: string, production: Origin, shadow: number | undefined): Promise<Envoy> {
  const upstreams = [{ name: 'production', port: production.port }];
  if (shadow === undefined) return startProxy([{ name, routes: proxied() }], upstreams);
  const cluster = create(ClusterSchema, shadowCluster({ host: '127.0.0.1', port: shadow }));
  const contender =
    name === NATIVE
      ? { name, routes: proxied({ request_mirror_policies: [{ cluster: SHADOW_CLUSTER }] }) }
      : { name, routes: proxied(), filters: [mirror({ cluster: SHADOW_CLUSTER, ...CAPS })] };
  return startProxy([contender], upstreams, [
    toJson(ClusterSchema, cluster, { registry: registry() }) satisfies JsonValue as object,
  ]);
}

/** Requests on connections to the shadow so far, and how many are under way or wait for one: Envoy's own copies count alike. */
async function ofShadow(proxy: Envoy): Promise<{ sent: number; inFlight: number }> {
  const stats = await proxy.envoy.stats(`cluster.${SHADOW_CLUSTER}.upstream_rq_`);
  const of = (name: string) => stats[`cluster.${SHADOW_CLUSTER}.upstream_rq_${name}`] ?? 0;
  return { sent: of('total'), inFlight: of('active') + of('pending_active') };
}

/** Rejects if a request failed. */
async function slice(name: string, proxy: Envoy, request: Buffer, ms: number): Promise<Slice> {
  let resident = 0;
  const look = () => {
    resident = Math.max(resident, residentBytes(proxy.envoy.pid));
  };
  const { sent } = await ofShadow(proxy);
  const before = proxy.cpu();
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    const loaded = await openLoop(proxy.port(name), request, PER_SECOND, ms, CONNECTIONS);
    if (loaded.failed > 0) throw new Error(`${name}: ${loaded.failed} of ${loaded.answers} requests failed`);
    const cpu = proxy.cpu() - before;
    look();
    // Only now: Envoy's statistics take milliseconds of the CPU that the requests are on.
    const [shadow, stats] = await Promise.all([ofShadow(proxy), proxy.envoy.stats('umbra_mirror_bytes_held')]);
    return {
      cpu: cpu / loaded.answers,
      copied: (100 * (shadow.sent - sent)) / loaded.answers,
      latencies: loaded.latencies,
      resident,
      inFlight: shadow.inFlight,
      held: stats.umbra_mirror_bytes_held ?? 0,
    };
  } finally {
    clearInterval(timer);
  }
}

/**
 * What users and the proxy's memory see of shadows that do their worst while all of production's requests are copied to them,
 * beside no mirror, twice, and ours and Envoy's own mirroring to a shadow that behaves.
 */
export const badShadowCase: Case = async (options) => {
  const [production, shadows] = await Promise.all([startOrigin('{"id":4711,"state":"accepted"}'), startShadows()]);
  const proxies = new Map<string, Envoy>();
  const slices = new Map<string, Slice[]>(NAMES.map((name) => [name, []]));
  /** Resident before the first request. */
  const idle = new Map<string, number>();
  try {
    for (const name of NAMES) {
      const shadow = SHADOW_OF[name];
      const proxy = await proxyOf(name, production, shadow === undefined ? undefined : shadows.port(shadow));
      proxies.set(name, proxy);
      idle.set(name, residentBytes(proxy.envoy.pid));
    }
    keepOffProxies(shadows.pid);
    const request = requestOf('POST', '/orders?page=2', { 'content-type': 'application/json' }, jsonOf(1024));
    const once = (name: string, ms: number) => slice(name, proxies.get(name)!, request, ms);
    for (const name of NAMES) await once(name, WARM_UP_MS);
    await rounds({ ...options, rounds: SLICES * options.rounds }, NAMES, async (name) => {
      slices.get(name)!.push(await once(name, (LONGER * options.seconds * 1000) / SLICES));
    });
  } finally {
    for (const proxy of proxies.values()) await proxy.stop();
    await Promise.all([production.stop(), shadows.stop()]);
  }
  const samples = new Map(NAMES.map((name) => [name, turnsOf(slices.get(name)!)]));
  return BAD.flatMap((bad) => rowsOf(bad, samples, idle));
};

function rowsOf(
  bad: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  idle: ReadonlyMap<string, number>,
): Row[] {
  const count = samples.get(bad)!.length;
  const row = (measure: string, unit: string, of: (name: string) => number, more: Partial<Row> = {}): Row => ({
    bench: BENCH,
    case: `mirror 100%, the shadow ${bad}`,
    measure,
    unit,
    ours: of(bad),
    peers: Object.fromEntries([NONE, AGAIN, WELL, NATIVE].map((name) => [name, of(name)])),
    rounds: count,
    ...more,
  });
  const latency = (which: 'p50' | 'p99'): Row => {
    const all = (name: string) => samples.get(name)!.map((s) => s[which]);
    const noise = noiseOf(all(NONE), all(AGAIN));
    // Of two that do the same neither is the right one.
    const middle = all(NONE).map((value, i) => Math.sqrt(value * all(AGAIN)[i]!));
    const ratio = median(ratios(all(bad), middle));
    return row(`latency ${which}`, 'ms', (name) => median(all(name)), {
      ratio,
      target: `≤ ${noise.toFixed(2)} × middle of none`,
      met: ratio <= noise,
      note: `${PER_SECOND} requests/s; the ratio is to the middle (geometric) of two proxies without a mirror, the target how far those are apart in the median round`,
    });
  };
  const most = (name: string, of: 'resident' | 'inFlight' | 'held') =>
    Math.max(...samples.get(name)!.map((s) => s[of]));
  const grown = (name: string) => (most(name, 'resident') - idle.get(name)!) / MIB;
  const bound = Math.max(grown(NONE), grown(AGAIN)) + Math.max(1, Math.abs(grown(NONE) - grown(AGAIN)));
  return [
    latency('p50'),
    latency('p99'),
    row('CPU per request', 'µs', (name) => median(samples.get(name)!.map((s) => s.cpu))),
    row('resident, grown at most', 'MiB', grown, {
      target: `≤ ${bound.toFixed(1)}`,
      met: grown(bad) <= bound,
      note: `since before the first request; ${(idle.get(bad)! / MIB).toFixed(1)} MiB then, ${(idle.get(NONE)! / MIB).toFixed(1)} without a mirror; the target is what proxies without a mirror grow by, and the difference between two of them, at least 1`,
    }),
    row('copies sent', '% of requests', (name) => median(samples.get(name)!.map((s) => s.copied)), {
      note: 'on a connection to the shadow; one that fails is only tried now and then',
    }),
    row('copies in flight, most', '', (name) => most(name, 'inFlight'), {
      target: `≤ ${CAPS.maxInFlight}`,
      met: most(bad, 'inFlight') <= CAPS.maxInFlight,
    }),
    row('bytes held, most', 'KiB', (name) => most(name, 'held') / 1024, {
      target: `≤ ${CAPS.maxBytesHeld / 1024}`,
      met: most(bad, 'held') <= CAPS.maxBytesHeld,
    }),
  ];
}
