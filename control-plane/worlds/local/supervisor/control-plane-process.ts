import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';

/** The control plane as a child process: this Node, this package's own main unless another is given. */
export function controlPlaneCommand(input: {
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
  readonly argv?: readonly string[] | undefined;
}): Command {
  // The published package holds compiled files in the same layout.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`../../../main.${extension}`, import.meta.url));
  return {
    name: 'control-plane',
    argv: [...(input.argv ?? [process.execPath, main]), '--run', input.run],
    cwd: '/',
    env: input.env,
    log: input.log,
  };
}
