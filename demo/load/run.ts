import { wallClock } from '../../control-plane/mesh/clock.ts';
import { listenForControl } from '../control-socket.ts';
import { homeOf, loadSocket, readReady } from '../home.ts';
import { isListening } from '../socket.ts';
import { type Summary, startLoad } from './generator.ts';
import type { Second } from './tally.ts';

/** A line of the load's JSON output. */
export type LoadLine = { readonly second: Second } | { readonly summary: Summary };

export interface LoadCommand {
  /** Default: the entry in `ready.json`. */
  readonly url?: string;
  readonly rate: number;
  readonly sloMs: number;
  readonly json: boolean;
  /** Ends by itself after so many ms. */
  readonly forMs?: number;
  /** Where to listen for a multiplied rate. Default: the application's folder. */
  readonly socket?: string;
}

/** Reads what a caller of the load's socket asks for: `{"factor": 7}`. */
export function parseFactor(text: string): number | string {
  try {
    const { factor } = JSON.parse(text) as { factor?: unknown };
    if (typeof factor === 'number' && factor >= 1 && factor <= 100) return factor;
  } catch {
    // Told below.
  }
  return 'give {"factor": N}, N from 1 to 100';
}

/**
 * Runs the load as a process of its own until SIGTERM, SIGINT or its time. One line a second on standard output (JSON with
 * `json`), the summary last.
 * @throws Error when there is no entry to send to, or another load has the socket
 */
export async function runLoad(command: LoadCommand): Promise<void> {
  const home = homeOf();
  const entry = readReady(home)?.entry;
  const url = command.url ?? (entry && `http://${entry.host}:${entry.port}`);
  if (!url) throw new Error('no entry to send to: start the shop first, or give --url');
  const socket = command.socket ?? loadSocket(home);
  if (await isListening(socket)) throw new Error(`another load listens at ${socket}: give this one --socket PATH`);
  const print = (line: LoadLine) => console.log(command.json ? JSON.stringify(line) : describe(line));
  const load = startLoad({ url, rate: command.rate, sloMs: command.sloMs, onSecond: (second) => print({ second }) });
  const factors: number[] = [];
  const apply = () => load.multiply(Math.max(1, ...factors));
  const control = await listenForControl(socket, (text) => {
    const factor = parseFactor(text);
    if (typeof factor === 'string') return factor;
    factors.push(factor);
    apply();
    const undo = () => {
      factors.splice(factors.indexOf(factor), 1);
      apply();
    };
    return { undo, answer: { rate: command.rate * factor } };
  });
  const end = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end.abort());
  await wallClock.sleep(command.forMs ?? Number.POSITIVE_INFINITY, end.signal).catch(() => {});
  await control.close();
  print({ summary: await load.stop() });
}

function describe(line: LoadLine): string {
  if ('second' in line) {
    const { at, offered, good, failed, late, p50, p99 } = line.second;
    const time = new Date(at).toISOString().slice(11, 19);
    return `${time}  offered ${offered}  good ${good}  failed ${failed}  late ${late}  p50 ${p50} ms  p99 ${p99} ms`;
  }
  const { offered, good, failed, late, p50, p99, failures } = line.summary;
  const share = offered > 0 ? `${((100 * good) / offered).toFixed(2)}%` : '–';
  const why = Object.entries(failures).map(([name, n]) => `${name} ×${n}`);
  return `offered ${offered}, good ${good} (${share}), failed ${failed}${why.length ? ` (${why.join(', ')})` : ''}, late ${late}, p50 ${p50} ms, p99 ${p99} ms`;
}
