import type { MirrorConfig } from '../../filters/config.ts';
import { Exchange } from '../../test/filters/exchange.ts';
import { FilterHost, type Headers } from '../../test/filters/harness.ts';
import type { Row } from '../lib/rows.ts';
import { BENCH } from './figures.ts';
import { mirrorConfig } from './http-filters.ts';

/**
 * Host calls that mirror makes for one request and its answer, by the host that the tests use: the same module in Node's V8.
 * The largest of a hundred requests.
 */
export function hostCalls(
  name: string,
  change: Partial<MirrorConfig>,
  headers: Record<string, string>,
  most: number,
): Row {
  const host = new FilterHost('mirror');
  const root = host.configure(mirrorConfig(change));
  if (root === undefined) throw new Error(`mirror refused its configuration: ${host.logs.join('; ')}`);
  const pairs: Headers = [
    [':method', 'GET'],
    [':path', '/'],
    [':authority', 'bench'],
    [':scheme', 'http'],
    ...Object.entries(headers),
  ];
  let largest = 0;
  for (let i = 0; i < 100; i++) {
    const before = host.count();
    const exchange = new Exchange(host, root);
    exchange.requestHeaders(pairs, true);
    exchange.responseHeaders([[':status', '200']]);
    exchange.responseBody('ok', true);
    exchange.end();
    largest = Math.max(largest, host.count() - before);
  }
  return {
    bench: BENCH,
    case: name,
    measure: 'host calls per request',
    unit: 'calls',
    ours: largest,
    target: `≤ ${most}`,
    met: largest <= most,
  };
}
