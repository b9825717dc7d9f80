import { randomBytes } from 'node:crypto';
import { LoadClient } from './client.ts';
import { browsing, nextShot, shopping } from './mix.ts';
import { Schedule } from './schedule.ts';
import { type Second, Tally, type Totals } from './tally.ts';
import { Users } from './users.ts';

export interface LoadOptions {
  /** Where users enter, `http://host:port`. */
  readonly url: string;
  /** Requests per second. */
  readonly rate: number;
  /** An answer later than this after it was due is not good. Default 500. */
  readonly sloMs?: number;
  /** When a user gives up. Default 10,000. */
  readonly giveUpMs?: number;
  readonly onSecond?: (second: Second) => void;
  readonly random?: () => number;
}

/** What a run of the load did; with `run` and `issued` its traces in the shop can be told from others'. */
export interface Summary extends Totals {
  readonly run: string;
  readonly from: number;
  readonly to: number;
  readonly issued: { readonly users: number; readonly keys: number };
}

export interface RunningLoad {
  readonly run: string;
  /** Adds a crowd that only looks, so that `factor` times the rate is offered; 1 = none. */
  multiply(factor: number): void;
  summary(): Summary;
  /** Sends no more, waits for what is out (until users give up), and sums up. */
  stop(): Promise<Summary>;
}

/**
 * Starts an open-loop load. Requests are sent when they are due, whatever became of earlier ones, and their latency counts
 * from when they were due: a stall of server or generator is in the numbers (no coordinated omission).
 */
export function startLoad(options: LoadOptions): RunningLoad {
  const random = options.random ?? Math.random;
  const client = new LoadClient(options.url, options.giveUpMs ?? 10_000);
  const tally = new Tally(options.sloMs ?? 500);
  const users = new Users(randomBytes(4).toString('hex'));
  // Monotonic within a run, on the epoch: a clock that is set does not bend latencies.
  const epoch = Date.now() - performance.now();
  const now = () => epoch + performance.now();
  const from = now();
  const base = new Schedule(options.rate, from, random);
  const crowd = new Schedule(0, from, random);
  const out = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  const fire = (dueAt: number, mix: typeof browsing) => {
    const shot = nextShot(mix, users, random);
    tally.offered(dueAt, shot.protected);
    const sent = client.send(shot).then((failure) => tally.answered(dueAt, now(), shot.protected, failure));
    out.add(sent);
    void sent.then(() => out.delete(sent));
  };
  const wake = () => {
    const at = now();
    for (const due of base.take(at)) fire(due, shopping);
    for (const due of crowd.take(at)) fire(due, browsing);
    plan();
  };
  const plan = () => {
    clearTimeout(timer);
    const next = Math.min(base.next, crowd.next);
    timer = Number.isFinite(next) ? setTimeout(wake, Math.max(0, next - now())) : undefined;
  };
  const report = setInterval(() => {
    for (const second of tally.take(now())) options.onSecond?.(second);
  }, 250);
  const summary = (): Summary => ({ run: users.run, from, to: now(), issued: users.issued, ...tally.totals() });

  plan();
  return {
    run: users.run,
    multiply: (factor) => {
      crowd.setRate(options.rate * Math.max(0, factor - 1), now());
      plan();
    },
    summary,
    stop: async () => {
      clearTimeout(timer);
      await Promise.all(out);
      clearInterval(report);
      for (const second of tally.take(now())) options.onSecond?.(second);
      client.close();
      return summary();
    },
  };
}
