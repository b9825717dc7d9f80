import { moduleOf } from '../../../test/filters/modules.ts';
import { median } from '../../lib/stats.ts';
import { BENCH } from '../figures.ts';
import { MutatingHost } from '../mutating-host.ts';
import type { Case } from '../options.ts';
import { jsonOf } from '../payloads.ts';

const BODY = jsonOf(4096);

/** Of so many answers one may stay as it is: the few draws that an edit has can all fall on what it does not fit. */
const RARELY = 10_000;

/** The whole of an answer in the module and its host, ms. */
function ours(host: MutatingHost, seen: { answers: number; unchanged: number }): number {
  const before = performance.now();
  const body = host.answer();
  const took = performance.now() - before;
  seen.answers++;
  if (body === undefined) seen.unchanged++;
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
  const fault = { id: 'bench', expiresAtMs: 4e12, seed: 7, mutate: { on: 'response', ops: 1 } };
  const host = new MutatingHost(moduleOf('chaos'), { generation: 1, faults: [fault] }, BODY);
  const seen = { answers: 0, unchanged: 0 };
  const contenders = { ours: () => ours(host, seen), native };
  const perSecond = { ours: [] as number[], native: [] as number[] };
  // The first rounds are V8's to compile in.
  for (let round = -3; round < options.rounds; round++) {
    for (const name of ['ours', 'native'] as const) {
      const took: number[] = [];
      for (const until = performance.now() + options.seconds * 250; performance.now() < until; )
        took.push(contenders[name]());
      // Of a round the median, which the machine's other work does not reach.
      if (round >= 0) perSecond[name].push(BODY.length / median(took) / 1000);
    }
  }
  if (seen.unchanged * RARELY > seen.answers)
    throw new Error(`${seen.unchanged} of ${seen.answers} answers were not changed`);
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
      note: `${BODY.length} bytes, one value changed (in ${seen.answers - seen.unchanged} of ${seen.answers} answers)`,
    },
  ];
};
