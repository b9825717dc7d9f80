import { runSupervisor } from '../worlds/local/supervisor/run.ts';
import { onOutputGone } from './output.ts';

export interface UpOptions {
  readonly file: string;
  /** Milliseconds. */
  readonly for?: number;
  readonly port?: number;
  readonly apiPort?: number;
  readonly home?: string;
}

/**
 * `umbra up`: production, its shadow and the control plane in the foreground, until Ctrl-C, the given time, or nobody reads what it
 * says. Says what is being done a line at a time, then where the dashboard is. Resolves with the exit code. @throws UmbraError
 */
export function runUp(options: UpOptions, print: (line: string) => void = console.log): Promise<number> {
  const started = performance.now();
  const unread = new AbortController();
  onOutputGone(() => unread.abort());
  const stamp = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)}s`;
  return runSupervisor({
    ...options,
    signal: unread.signal,
    onProgress: (line) => print(`${stamp()}  ${line}`),
    onReady: ({ dashboard, entry, tokenFile }) => {
      print(`${stamp()}  ready`);
      print('');
      print(`  dashboard  ${dashboard}`);
      print(`  users      http://${entry.host}:${entry.port}`);
      print(`  token      ${tokenFile}`);
      print('');
      print('  Ctrl-C stops all of it.');
    },
  });
}
