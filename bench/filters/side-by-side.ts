import { setTimeout as sleep } from 'node:timers/promises';
import { countInstructions } from '../lib/instructions.ts';
import { closedLoop, quantile } from '../lib/load.ts';
import type { Options } from './options.ts';
import type { Contender, Envoy } from './proxy.ts';

/** What one contender did in one round. */
export interface Sample {
  /** CPU time of the proxy per request, µs. */
  readonly cpu: number;
  /** Of the proxy in user space per request; where they can be counted. */
  readonly instructions?: number;
  readonly perSecond: number;
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

/** Samples by contender, one a round, in the rounds' order. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** V8 compiles what is hot meanwhile. */
export const WARM_UP_MS = 1500;

/** Waits until a number stands still for 100 ms. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1, now = value(); now !== before; now = value()) {
    before = now;
    await sleep(100);
  }
}

/** What requests leave behind: a count of it, and how many each request of a contender must leave. */
export interface Trace {
  count(): number;
  ofEach(contender: string): number;
}

/**
 * One turn of a contender: all connections busy for `ms`. It ends when its trace stands still. Throws if a request failed or its
 * trace is not there: who does less than the work is not compared.
 */
export async function turn(
  proxy: Envoy,
  name: string,
  request: Buffer,
  connections: number,
  ms: number,
  trace?: Trace,
): Promise<Sample> {
  const counting = await countInstructions(proxy.envoy.pid);
  const before = proxy.cpu();
  const left = trace?.count() ?? 0;
  const loaded = await closedLoop(proxy.port(name), request, connections, ms);
  if (trace) {
    await settled(trace.count);
    const [found, expected] = [trace.count() - left, loaded.answers * trace.ofEach(name)];
    if (found !== expected) throw new Error(`${name}: ${found} copies of ${expected}`);
  }
  const cpu = proxy.cpu() - before;
  const instructions = await counting?.stop();
  if (loaded.failed > 0) throw new Error(`${name}: ${loaded.failed} of ${loaded.answers} requests failed`);
  return {
    cpu: cpu / loaded.answers,
    ...(instructions === undefined ? {} : { instructions: instructions / loaded.answers }),
    perSecond: loaded.answers / loaded.seconds,
    p50: quantile(loaded.latencies, 0.5),
    p99: quantile(loaded.latencies, 0.99),
  };
}

/** Calls `each` with the contenders in an order that begins with another one each round, so that none is always first. */
export async function rounds<T>(
  options: Options,
  contenders: readonly T[],
  each: (contender: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < options.rounds; round++) {
    for (let i = 0; i < contenders.length; i++) await each(contenders[(round + i) % contenders.length]!);
    options.say(`  round ${round + 1}/${options.rounds}`);
  }
}

/** Lets the contenders take turns, so that what the machine does meanwhile hits all alike, after a warm-up of each. */
export async function sideBySide(
  proxy: Envoy,
  contenders: readonly Contender[],
  request: Buffer,
  options: Options,
  trace?: Trace,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(contenders.map((c) => [c.name, []]));
  const once = (name: string, ms: number) => turn(proxy, name, request, options.connections, ms, trace);
  for (const { name } of contenders) await once(name, WARM_UP_MS);
  await rounds(options, contenders, async ({ name }) => {
    samples.get(name)!.push(await once(name, options.seconds * 1000));
  });
  return samples;
}
