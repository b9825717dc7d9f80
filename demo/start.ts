import { Command } from 'commander';
import { startCommand } from './start/options.ts';
import { start } from './start/run.ts';

// `npm start`. Options: `npm start -- --help`.
await startCommand(new Command('npm start --'), async (options) => {
  process.exitCode = await start(options);
}).parseAsync();
