import { type Count, measure } from '../test/system/extremes/measure.ts';
import { extreme, nan } from '../test/system/extremes/models.ts';

// `npm run check:extremes [-- SECONDS]`: users' good ratio with a policy that does its worst against the same trouble with
// everything frozen, on real Envoys; a minute of trouble and half of it of calm unless told otherwise. Exit 1 where any falls
// short by more than a point. Stopped by SIGINT or SIGTERM it tells what it has measured by then and leaves nothing running.

const seconds = Number(process.argv[2] ?? 60);
if (!(seconds > 0)) {
  console.error('usage: npm run check:extremes [-- SECONDS]');
  process.exit(2);
}
const stopped = new AbortController();
const exitCodes = { SIGINT: 130, SIGTERM: 143 };
for (const [signal, code] of Object.entries(exitCodes))
  process.on(signal, () => {
    process.exitCode = code;
    stopped.abort();
  });

const times = { troubleMs: seconds * 1000, calmMs: seconds * 500, signal: stopped.signal };
const ratio = ({ good, offered }: Count) => good / offered;
const percent = (count: Count) => (count.offered === 0 ? 'nothing' : `${(100 * ratio(count)).toFixed(1)}% good`);
const runs = Object.entries({ extreme, nan }).flatMap(([name, model]) =>
  (['api', 'web'] as const).map((trouble) => ({ name, model, trouble })),
);
for (const { name, model, trouble } of runs) {
  try {
    const { frozen, policy, applied } = await measure({ model, trouble, ...times });
    const met = ratio(policy) >= ratio(frozen) - 0.01;
    const verdict = stopped.signal.aborted ? 'STOPPED' : met ? 'met   ' : 'MISSED';
    if (verdict === 'MISSED') process.exitCode = 1;
    console.log(
      `${verdict} ${name}, ${trouble} fails: ${percent(policy)} of ${policy.offered} requests, ${percent(frozen)} of ${frozen.offered} with everything frozen; ${applied.join(', ') || 'nothing applied'}`,
    );
  } catch (error) {
    // Ended while it was starting: there is nothing to tell.
    if (!stopped.signal.aborted) throw error;
  }
  if (stopped.signal.aborted) break;
}
