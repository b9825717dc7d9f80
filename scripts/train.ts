/**
 * Makes the shipped policy: `npm run train [-- --seed N --minutes M --situations N --incidents N --out DIR]`. Writes
 * policy.onnx and policy.json. With the same seed and number of situations the result is the same; `--minutes` only cuts
 * collecting short on a slow machine.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tableOf } from '../control-plane/learning/pretraining/evaluate.ts';
import { pretrain } from '../control-plane/learning/pretraining/pretrain.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '12' },
    situations: { type: 'string', default: '3600' },
    rounds: { type: 'string', default: '2' },
    incidents: { type: 'string', default: '200' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'models') },
  },
});
const number = (name: keyof typeof values): number => {
  const x = Number(values[name]);
  if (!Number.isFinite(x) || x < 0) throw new Error(`--${name} takes a number, not ${values[name]}`);
  return x;
};

const start = Date.now();
const budgetMs = number('minutes') * 60_000;
const { model, card } = await pretrain({
  seed: number('seed'),
  situations: number('situations'),
  rounds: number('rounds'),
  incidents: number('incidents'),
  progress: (line) => console.log(`${((Date.now() - start) / 1000).toFixed(0).padStart(4)}s  ${line}`),
  // Collecting may take three quarters of the time; fitting and the evaluation take the rest.
  enough: (share) => Date.now() - start > 0.75 * budgetMs * Math.max(share, 0.4),
});
await mkdir(values.out, { recursive: true });
await writeFile(join(values.out, 'policy.onnx'), model);
await writeFile(join(values.out, 'policy.json'), `${JSON.stringify(card, null, 2)}\n`);
console.log(`\n${tableOf(card.scores)}\n\n${card.version}: ${model.length} bytes, written to ${values.out}`);
