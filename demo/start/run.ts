import { onOutputGone } from '../../control-plane/cli/output.ts';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { UmbraError } from '../../control-plane/mesh/errors.ts';
import { homeOf } from '../home.ts';
import type { Summary } from '../load/generator.ts';
import type { Second } from '../load/tally.ts';
import { tracesOf } from '../load/users.ts';
import { production } from '../troubles/production.ts';
import { startTrouble } from '../troubles/run.ts';
import type { Child } from './child.ts';
import { firstAnswers } from './first-answers.ts';
import { leaksIn, readShop, type ShopState } from './leaks.ts';
import type { StartOptions } from './options.ts';
import { progress, retimed } from './progress.ts';
import { complete, type TroubleTime } from './report.ts';
import * as ofThisMachine from './system.ts';
import { followPlan } from './trouble-plan.ts';
import { startUsers } from './users.ts';
import { fetchReport, writeReport } from './write-report.ts';

/** Umbra says that it is ready; after that, this long at most until the shop answers its first users. */
const ANSWERS_WITHIN_MS = 30_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Stop = () => Promise<unknown>;
type System = Pick<typeof ofThisMachine, 'prepare' | 'startProviderProcess' | 'documentFor' | 'startUmbra'>;

/**
 * `npm start`: builds, starts the provider, Umbra with the shop and its shadow, and users; ends by itself or on Ctrl-C,
 * everything in the opposite order. A second Ctrl-C ends it at once. Resolves with the exit code.
 */
export async function start(options: StartOptions, system: System = ofThisMachine): Promise<number> {
  const say = progress();
  const end = new AbortController();
  const kills: (() => void)[] = [];
  const onSignal = () => {
    if (end.signal.aborted) {
      for (const kill of kills) kill();
      process.exit(1);
    }
    say('stopping; once more to end it at once');
    end.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  onOutputGone(() => end.abort());
  const stops: Stop[] = [];
  let code = 0;
  try {
    code = await run(options, system, end, say, stops, kills);
  } catch (e) {
    // A start that was broken off is what was asked for; whatever else goes wrong is not, at the end neither.
    if (e !== end.signal.reason) {
      say(e instanceof UmbraError ? e.toText() : (e as Error).message);
      code = 1;
    }
  }
  for (const stop of stops.reverse()) await stop();
  for (const signal of SIGNALS) process.off(signal, onSignal);
  say('everything is stopped');
  return code;
}

async function run(
  options: StartOptions,
  system: System,
  end: AbortController,
  say: (line: string) => void,
  stops: Stop[],
  kills: (() => void)[],
): Promise<number> {
  const home = homeOf();
  say('looking whether everything is built');
  await system.prepare(say, end.signal);
  if (end.signal.aborted) return 0;
  const provider = await system.startProviderProcess(say);
  stops.push(() => provider.child.stop(5000));
  kills.push(() => provider.child.kill());
  say(`the payment provider, outside the application, is at ${provider.url}`);
  const file = system.documentFor(provider.url, home);
  const umbra = await system.startUmbra(file, { home, signal: end.signal, ...portsOf(options) }, retimed(say));
  stops.push(() => umbra.stop());
  kills.push(() => umbra.kill());
  let failed = false;
  /** All of it ends with this part. */
  const needed = (part: string, { ended }: Pick<Child, 'ended'>) =>
    void ended.then((code) => {
      if (end.signal.aborted) return;
      say(`${part} ended by itself (${code})`);
      failed = true;
      end.abort();
    });
  needed('umbra', umbra);
  needed('the payment provider', provider.child);

  const before = readShop(home);
  const { host, port } = umbra.ready.entry;
  const entry = `http://${host}:${port}`;
  if (
    !(await firstAnswers(entry, AbortSignal.any([end.signal, AbortSignal.timeout(ANSWERS_WITHIN_MS)]))) &&
    !end.signal.aborted
  )
    say(`the shop does not answer well at ${entry}; users come all the same`);
  const users = options.load ? await startUsers(entry, options.rate, everyTen(say), say) : undefined;
  if (users) {
    kills.push(() => users.kill());
    needed('the load', users);
    say(`users send ${options.rate} requests/s`);
  }
  const plan = followPlan(options.troubles, (name) => startTrouble(name, production(home)), say);
  await wallClock.sleep(options.forMs ?? Number.POSITIVE_INFINITY, end.signal).then(
    () => end.abort(),
    () => {},
  );

  const troubles = await plan.stop();
  const summary = await users?.stop();
  if (users && !summary) say('the load ended without a summary: traffic and leaks could not be checked');
  if (options.report !== undefined && !failed) {
    await report(options.report, umbra.ready.api, { before, home, troubles, ...(summary ? { summary } : {}) }, say);
  }
  return failed ? 1 : 0;
}

function portsOf({ port, apiPort }: StartOptions): { port?: number; apiPort?: number } {
  return { ...(port === undefined ? {} : { port }), ...(apiPort === undefined ? {} : { apiPort }) };
}

/** A line about the users for every ten seconds. */
function everyTen(say: (line: string) => void): (second: Second) => void {
  let seconds: Second[] = [];
  return (second) => {
    seconds.push(second);
    if (seconds.length < 10) return;
    const sum = (of: (s: Second) => number) => seconds.reduce((total, s) => total + of(s), 0);
    const offered = sum((s) => s.offered);
    const good = offered > 0 ? `${((100 * sum((s) => s.good)) / offered).toFixed(1)}%` : '–';
    const worst = Math.max(...seconds.map((s) => s.p99));
    say(
      `users  ${(offered / seconds.length).toFixed(1)} requests/s, ${good} good, slowest second p99 ${worst.toFixed(0)} ms`,
    );
    seconds = [];
  };
}

async function report(
  path: string,
  api: string,
  seen: { before: ShopState; home: string; troubles: readonly TroubleTime[]; summary?: Summary },
  say: (line: string) => void,
): Promise<void> {
  const believed = await fetchReport(api);
  const { summary, troubles } = seen;
  const leaks = summary ? leaksIn(seen.before, readShop(seen.home), tracesOf(summary.run, summary.issued)) : undefined;
  for (const leak of leaks?.slice(0, 5) ?? []) say(`a write that no user made is in production: ${leak}`);
  const completed = complete(believed, {
    troubles,
    ...(summary ? { load: summary } : {}),
    ...(leaks ? { leakedWrites: leaks.length } : {}),
  });
  writeReport(path, completed);
  say(`the report is in ${path}; \`npx umbra report ${path}\` prints it for people`);
}
