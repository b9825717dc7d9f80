import type { Row } from '../../lib/rows.ts';
import { median } from '../../lib/stats.ts';
import { BENCH } from '../figures.ts';
import type { Case } from '../options.ts';
import { IN_FLIGHT, type Trap, TrappingIngress } from '../trapping-ingress.ts';

const GOAL_S = 5;
/** Reports of the proxy are so far apart. */
const REPORT_MS = 1000;

/** How long nothing is copied after the module has trapped, and what users notice of it. */
export const revivalCase: Case = async (options) => {
  const traps: Trap[] = [];
  const ingress = new TrappingIngress();
  try {
    await ingress.start();
    for (let i = 0; i < options.rounds; i++) {
      traps.push(await ingress.trap((i * REPORT_MS) / options.rounds));
      options.say(`  round ${i + 1}/${options.rounds}: back after ${traps.at(-1)!.back.toFixed(2)} s`);
    }
  } finally {
    await ingress.stop();
  }
  const row = (measure: string, unit: string, ours: number, most?: number): Row => ({
    bench: BENCH,
    case: `mirror traps with ${IN_FLIGHT} requests in flight`,
    measure,
    unit,
    ours,
    ...(most === undefined ? {} : { target: `≤ ${most}`, met: ours <= most }),
    rounds: options.rounds,
  });
  type Figure = Exclude<keyof Trap, 'failed'>;
  const worst = (of: Figure) => Math.max(...traps.map((t) => t[of]));
  const middle = (of: Figure) => median(traps.map((t) => t[of]));
  const failed = traps.flatMap((t) => t.failed);
  return [
    row('noticed, median', 's', middle('noticed')),
    row('noticed, worst', 's', worst('noticed')),
    row('copied again, median', 's', middle('back'), GOAL_S),
    row('copied again, worst', 's', worst('back'), GOAL_S),
    row('answers in flight that changed, worst', '', worst('changed'), 0),
    {
      ...row('requests meanwhile that failed', '', failed.length, 0),
      ...(failed.length > 0 ? { note: [...new Set(failed)].join('; ') } : {}),
    },
    row('virtual machines more, worst', '', worst('machines'), 0),
  ];
};
