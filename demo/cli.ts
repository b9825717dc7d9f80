import { endWithOutput } from '../control-plane/cli/output.ts';
import { commands } from './commands.ts';

/** `umbra-demo`: the shop's provider, its load, its troubles, or all of it. */
export async function main(args: readonly string[]): Promise<void> {
  endWithOutput();
  try {
    await commands().parseAsync([...args], { from: 'user' });
  } catch (e) {
    console.error(`umbra-demo: ${(e as Error).message}`);
    process.exitCode = 1;
  }
}
