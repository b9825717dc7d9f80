/** `umbra-demo`: a replica of the shop, its provider, its load, its troubles. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    // Replicas are many: they load nothing they do not need.
    if (args[0] === 'service') {
      const { runService } = await import('./services/run.ts');
      await runService(args[1]);
      return;
    }
    const { commands } = await import('./commands.ts');
    await commands().parseAsync([...args], { from: 'user' });
  } catch (e) {
    console.error(`umbra-demo: ${(e as Error).message}`);
    process.exitCode = 1;
  }
}
