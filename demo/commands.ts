import { Command } from 'commander';
import { parseDuration, parsePort } from '../control-plane/cli/duration.ts';
import { DEFAULT_RATE, number } from './arguments.ts';
import { homeOf } from './home.ts';
import { PROVIDER_PORT } from './provider.ts';
import { startCommand } from './start/options.ts';

/** The commands of `umbra-demo`. */
export function commands(): Command {
  const program = new Command('umbra-demo').description(
    'The sample shop: its payment provider, its load, its troubles',
  );
  program.exitOverride((e) => process.exit(e.exitCode));
  program
    .command('provider')
    .description('run the payment provider, which is outside the application')
    .option('--port <port>', 'where it listens', parsePort, PROVIDER_PORT)
    .action(async ({ port }: { port: number }) => {
      const { startProvider } = await import('./provider.ts');
      const provider = await startProvider(port);
      console.log(`payment-provider listens on ${provider.port}`);
      await stopSignal();
      await provider.close();
    });
  program
    .command('load')
    .description('send users, open loop')
    .option('--url <url>', 'where they enter (default: the running shop)')
    .option('--rate <n>', 'requests per second', number, DEFAULT_RATE)
    .option('--slo <duration>', 'later than this is not good', parseDuration, 500)
    .option('--for <duration>', 'end after', parseDuration)
    .option('--socket <path>', 'where to listen for a multiplied rate')
    .option('--json', 'JSON lines', false)
    .action(async (o: { url?: string; rate: number; slo: number; for?: number; socket?: string; json: boolean }) => {
      const { runLoad } = await import('./load/run.ts');
      await runLoad({
        rate: o.rate,
        sloMs: o.slo,
        json: o.json,
        ...(o.url === undefined ? {} : { url: o.url }),
        ...(o.for === undefined ? {} : { forMs: o.for }),
        ...(o.socket === undefined ? {} : { socket: o.socket }),
      });
    });
  program
    .command('trouble [name]')
    .description('make production suffer until Ctrl-C; Umbra is not told')
    .option('--for <duration>', 'end after', parseDuration)
    .option('--stop', 'end the one of that name that another process runs', false)
    .option('--list', 'say which there are', false)
    .action(async (name: string | undefined, o: { for?: number; stop: boolean; list: boolean }) => {
      const { troubles } = await import('./troubles/index.ts');
      const { isOn, runTrouble, stopTrouble } = await import('./troubles/run.ts');
      const home = homeOf();
      if (o.stop && name === undefined) throw new Error('say which trouble to stop; --list shows those that are on');
      if (o.list || name === undefined) {
        for (const trouble of troubles.values())
          console.log(`${trouble.name.padEnd(14)} ${(await isOn(home, trouble.name)) ? 'ON  ' : ''}${trouble.about}`);
        return;
      }
      if (o.stop) {
        await stopTrouble(home, name);
        console.log(`${name} is off`);
        return;
      }
      const end = new AbortController();
      void stopSignal().then(() => end.abort());
      await runTrouble(home, name, {
        signal: end.signal,
        onStart: () => console.log(`${name} is on; Ctrl-C ends it`),
        ...(o.for === undefined ? {} : { forMs: o.for }),
      });
      console.log(`${name} is off`);
    });
  startCommand(program.command('start'), async (options) => {
    const { start } = await import('./start/run.ts');
    process.exitCode = await start(options);
  });
  return program;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
