import { commands } from './commands.ts';

/** `umbra-demo`: the shop's provider, its load, its troubles, or all of it. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that went away (`umbra-demo load | head`) is no error.
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code === 'EPIPE') process.exit(0);
    throw e;
  });
  try {
    await commands().parseAsync([...args], { from: 'user' });
  } catch (e) {
    console.error(`umbra-demo: ${(e as Error).message}`);
    process.exitCode = 1;
  }
}
