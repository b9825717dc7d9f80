import { measure } from '../test/system/extremes/measure.ts';
import { extreme, nan } from '../test/system/extremes/models.ts';

// `npm run check:extremes [-- SECONDS]`: users' good ratio with a policy that does its worst against the same trouble with
// everything frozen, on real Envoys; a minute of trouble and half of it of calm unless told otherwise. Exit 1 where any falls
// short by more than a point.

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0)) {
  console.error('usage: npm run check:extremes [-- SECONDS]');
  process.exit(2);
}
const times = { troubleMs: seconds * 1000, calmMs: seconds * 500 };
const percent = (x: number) => `${(100 * x).toFixed(1)}%`;
for (const [name, model] of Object.entries({ extreme, nan })) {
  for (const trouble of ['api', 'web'] as const) {
    const m = await measure({ model, trouble, ...times });
    const met = m.policy >= m.frozen - 0.01;
    if (!met) process.exitCode = 1;
    console.log(
      `${met ? 'met   ' : 'MISSED'} ${name}, ${trouble} fails: ${percent(m.policy)} good, ${percent(m.frozen)} with everything frozen; ${m.requests} requests; ${m.applied.join(', ') || 'nothing applied'}`,
    );
  }
}
