import { preciseTimers } from '../../../control-plane/envoy/precise-timers.ts';
import { openLoop, quantile } from '../../lib/load.ts';
import type { Row } from '../../lib/rows.ts';
import { median } from '../../lib/stats.ts';
import { requestOf } from '../../lib/wire.ts';
import { BENCH, NONE, OURS } from '../figures.ts';
import { chaos, nativeFault } from '../http-filters.ts';
import type { Case } from '../options.ts';
import { type Contender, startProxy } from '../proxy.ts';
import { rounds } from '../side-by-side.ts';

const DELAY_MS = 50;
const PER_SECOND = 500;
const contendersOf = (): readonly (Contender & { readonly delay: number })[] => [
  { name: NONE, delay: 0 },
  { name: OURS, delay: DELAY_MS, filters: [chaos({ delay: { kind: 'fixed', ms: DELAY_MS } })] },
  {
    name: 'native fault',
    delay: DELAY_MS,
    filters: [nativeFault({ delay: { fixed_delay: `${DELAY_MS / 1000}s`, percentage: { numerator: 100 } } })],
  },
];

/**
 * How far from 50 ms the delay is as the client sees it, so with the proxy's and the load's own time in it; without a delay that
 * time alone is left. The proxy has the exact timers that the local shadow's have, which the native filter is timed by as well.
 */
export const delayCase: Case = async (options) => {
  const contenders = contendersOf();
  const errors = new Map<string, Float64Array[]>(contenders.map((c) => [c.name, []]));
  const proxy = await startProxy(contenders, [], [], preciseTimers);
  try {
    const request = requestOf('GET', '/', {});
    for (const { name } of contenders) await openLoop(proxy.port(name), request, PER_SECOND, 1000);
    await rounds(options, contenders, async ({ name, delay }) => {
      const loaded = await openLoop(proxy.port(name), request, PER_SECOND, 2 * options.seconds * 1000);
      if (loaded.failed > 0) throw new Error(`${name}: ${loaded.failed} of ${loaded.answers} requests failed`);
      errors.get(name)!.push(loaded.latencies.map((ms) => Math.abs(ms - delay)).sort());
    });
  } finally {
    await proxy.stop();
  }
  const row = (measure: string, q: number, most: number): Row => {
    const of = (name: string) => median(errors.get(name)!.map((e) => quantile(e, q)));
    return {
      bench: BENCH,
      case: `delay of ${DELAY_MS} ms at ${PER_SECOND} requests/s`,
      measure,
      unit: 'ms',
      ours: of(OURS),
      peers: { 'native fault': of('native fault'), [NONE]: of(NONE) },
      ratio: of(OURS) / of('native fault'),
      target: `≤ ${most}`,
      met: of(OURS) <= most,
      rounds: options.rounds,
    };
  };
  return [row('error p50', 0.5, 1), row('error p99', 0.99, 3)];
};
