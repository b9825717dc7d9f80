import { setTimeout as sleep } from 'node:timers/promises';
import { HeldStreams, startSilent } from '../../lib/held-streams.ts';
import { startOrigin } from '../../lib/origin.ts';
import { requestOf } from '../../lib/wire.ts';
import { NONE, OURS } from '../figures.ts';
import { type Costs, flatnessRows } from '../flatness.ts';
import { chaos, mirror, wasm } from '../http-filters.ts';
import type { Case, Options } from '../options.ts';
import { buildRust } from '../peers/rust.ts';
import { type Contender, direct, type Envoy, startProxy } from '../proxy.ts';
import { rounds, type Trace, turn, WARM_UP_MS } from '../side-by-side.ts';
import { skippedRust } from '../skipped.ts';

const LEVELS = [1, 1000, 10_000];
const NAMES = LEVELS.map((level) => `${level} live`);
const RUST = 'Rust SDK';
const HELD = { ':method': 'POST', ':path': '/held', 'x-held': 'yes' };

/** Waits until Envoy has so many requests under way. */
async function underWay(proxy: Envoy, reached: (n: number) => boolean): Promise<void> {
  const name = 'http.bench.downstream_rq_active';
  for (let i = 0; i < 600; i++) {
    if (reached((await proxy.envoy.stats(name))[name] ?? 0)) return;
    await sleep(50);
  }
  throw new Error(`Envoy did not come to the wanted number of live streams: ${proxy.envoy.log()}`);
}

async function measure(
  proxy: Envoy,
  contenders: readonly Contender[],
  options: Options,
  trace?: Trace,
): Promise<Costs> {
  const costs = new Map(contenders.map((c) => [c.name, LEVELS.map((): number[] => [])]));
  const request = requestOf('GET', '/', {});
  const once = (name: string, ms: number) => turn(proxy, name, request, options.connections, ms, trace);
  for (const { name } of contenders) await once(name, WARM_UP_MS);
  await rounds(options, contenders, async ({ name }) => {
    const held = new HeldStreams(proxy.port(name), HELD);
    try {
      for (const [i, level] of LEVELS.entries()) {
        await held.grow(level);
        await underWay(proxy, (n) => n >= level);
        costs.get(name)![i]!.push((await once(name, options.seconds * 1000)).cpu);
      }
    } finally {
      await held.close();
    }
    await underWay(proxy, (n) => n === 0);
  });
  return costs;
}

/** Streams whose requests are being gathered for a copy, while other requests are copied. */
export const liveMirrorCase: Case = async (options) => {
  const rust = buildRust(options.say);
  const routes = [{ match: { prefix: '/held' }, route: { cluster: 'silent', timeout: '0s' } }, ...direct];
  const contenders: Contender[] = [
    { name: NONE, routes },
    { name: OURS, routes, filters: [mirror({})] },
    ...('path' in rust ? [{ name: RUST, routes, filters: [wasm('rust', rust.path, { work: 'mirror' })] }] : []),
  ];
  const [shadow, silent] = await Promise.all([startOrigin('{"ok":true}'), startSilent()]);
  const proxy = await startProxy(contenders, [
    { name: 'shadow', port: shadow.port },
    { name: 'silent', port: silent.port, http2: true },
  ]);
  const name = 'live streams, mirror';
  try {
    const trace = { count: shadow.count, ofEach: (who: string) => (who === NONE ? 0 : 1) };
    return [...flatnessRows(name, NAMES, await measure(proxy, contenders, options, trace)), ...skippedRust(name, rust)];
  } finally {
    await proxy.stop();
    await Promise.all([shadow.stop(), silent.stop()]);
  }
};

/** Streams that chaos holds, while other requests pass. Without the filter nothing would hold them: no peer. */
export const liveChaosCase: Case = async (options) => {
  const contenders = [
    { name: OURS, filters: [chaos({ match: { header: { name: 'x-held', value: 'yes' } }, stall: 'request' })] },
  ];
  const proxy = await startProxy(contenders, []);
  try {
    return flatnessRows('live streams, chaos', NAMES, await measure(proxy, contenders, options));
  } finally {
    await proxy.stop();
  }
};
