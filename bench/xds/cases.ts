import type { Layout } from './client/fleet.ts';
import type { Protocol } from './client/requests.ts';
import type { Hostility } from './hostile/kinds.ts';
import { hostilities } from './hostile/kinds.ts';
import type { Contender } from './servers.ts';

/** One thing all proxies go through together. */
export type Step = 'change' | 'add' | 'reconnect' | 'resume';

/** What is compared: every contender goes through the same with the same number of streams. */
export interface Case {
  readonly name: string;
  readonly programme: 'steps' | 'hostile' | 'endurance';
  readonly protocol: Protocol;
  readonly layout: Layout;
  readonly streams: number;
  readonly tls: boolean;
  readonly steps: readonly Step[];
  /** How the bad clients among the others behave, one in a hundred, where there are any. */
  readonly hostility?: Hostility;
  readonly contenders: readonly Contender[];
  /** At most so many rounds, where a session takes minutes. */
  readonly rounds?: number;
}

export const CLUSTERS = 1000;

const all: readonly Contender[] = ['umbra', 'gcp-linear', 'gcp-snapshot', 'go-shared'];
const updates: readonly Step[] = ['change', 'add', 'reconnect'];

/** The cases of the bench, for each number of streams, in the order they are run. */
export function casesOf(streams: readonly number[]): Case[] {
  return streams.flatMap((n) => [
    stepsCase(n, 'delta', { steps: [...updates, 'resume'] }), // Only delta can tell what it kept.
    stepsCase(n, 'sotw', {}),
    ...(n <= 1000 ? smallCases(n) : []),
    ...(n <= 100 ? [enduranceCase(n)] : []),
  ]);
}

/** What is looked at with fewer streams: 4,000 named state-of-the-world clients, say, repeat 4 million names. */
function smallCases(n: number): Case[] {
  const named = (protocol: Protocol) =>
    stepsCase(n, protocol, {
      name: `${protocol} ${n} named`,
      layout: 'named',
      // What Go does with shared bytes knows wildcards only.
      contenders: all.filter((contender) => contender !== 'go-shared'),
    });
  return [
    named('delta'),
    named('sotw'),
    stepsCase(n, 'delta', { name: `delta ${n} mTLS`, tls: true }),
    ...hostilities.map((hostility) => hostileCase(n, hostility)),
  ];
}

function hostileCase(n: number, hostility: Hostility): Case {
  return stepsCase(n, 'delta', {
    name: `delta ${n} beside ${hostility} clients`,
    programme: 'hostile',
    hostility,
    steps: ['change'],
    contenders: ['umbra', 'gcp-linear'],
  });
}

function enduranceCase(n: number): Case {
  return stepsCase(n, 'delta', {
    name: `delta ${n} endurance`,
    programme: 'endurance',
    rounds: 1,
    steps: ['change'],
    contenders: ['umbra', 'gcp-linear'],
  });
}

function stepsCase(streams: number, protocol: Protocol, different: Partial<Case>): Case {
  return {
    name: `${protocol} ${streams}`,
    programme: 'steps',
    protocol,
    layout: 'wildcard',
    streams,
    tls: false,
    steps: updates,
    contenders: all,
    ...different,
  };
}
