import { Exchange } from '../../../test/filters/exchange.ts';
import { FilterHost } from '../../../test/filters/harness.ts';
import { median } from '../../lib/stats.ts';
import { BENCH } from '../figures.ts';
import type { Case } from '../options.ts';
import { jsonOf } from '../payloads.ts';

const BODY = jsonOf(4096);

/** Time in the module's callbacks for one answer, ms; what the host does for them (its copies of the body) is in it. */
function ours(host: FilterHost, root: number): number {
  const x = new Exchange(host, root);
  x.requestHeaders(
    [
      [':method', 'GET'],
      [':path', '/'],
      [':authority', 'bench'],
      [':scheme', 'http'],
    ],
    true,
  );
  x.responseHeaders([
    [':status', '200'],
    ['content-type', 'application/json'],
    ['content-length', String(BODY.length)],
  ]);
  const before = performance.now();
  x.responseBody(BODY, true);
  const took = performance.now() - before;
  x.end();
  return took;
}

/** The same by V8's own reader and writer: the first number doubled. */
function native(): number {
  const before = performance.now();
  const value = JSON.parse(BODY) as { items: { price: number }[] };
  value.items[0]!.price *= 2;
  const text = JSON.stringify(value);
  const took = performance.now() - before;
  if (text === BODY) throw new Error('the answer was not changed');
  return took;
}

/** How fast chaos changes one value of a JSON body, without a proxy around it: the compiled module in Node's V8. */
export const mutationAloneCase: Case = async (options) => {
  const host = new FilterHost('chaos');
  const fault = { id: 'bench', expiresAtMs: host.wallMs + 86_400_000, seed: 7, mutate: { on: 'response', ops: 1 } };
  const root = host.configure({ generation: 1, faults: [fault] });
  if (root === undefined) throw new Error(`chaos refused its configuration: ${host.logs.join('; ')}`);
  const contenders = { ours: () => ours(host, root), native };
  let answers = 0;
  const perSecond = { ours: [] as number[], native: [] as number[] };
  // The first rounds are V8's to compile in.
  for (let round = -3; round < options.rounds; round++) {
    for (const name of ['ours', 'native'] as const) {
      const took: number[] = [];
      for (const until = performance.now() + options.seconds * 250; performance.now() < until; )
        took.push(contenders[name]());
      if (name === 'ours') answers += took.length;
      // Of a round the median, which the machine's other work does not reach.
      if (round >= 0) perSecond[name].push(BODY.length / median(took) / 1000);
    }
  }
  if (host.metric('umbra_chaos_mutated') !== answers) throw new Error('an answer was not changed');
  const [mine, theirs] = [median(perSecond.ours), median(perSecond.native)];
  return [
    {
      bench: BENCH,
      case: "JSON mutation, 4 KiB, in Node's V8",
      measure: 'throughput',
      unit: 'MB/s',
      ours: mine,
      peers: { 'JSON.parse and stringify': theirs },
      ratio: mine / theirs,
      target: '≥ 150',
      met: mine >= 150,
      rounds: options.rounds,
      note: `${BODY.length} bytes, one value changed`,
    },
  ];
};
