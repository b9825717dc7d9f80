import { Command } from 'commander';
import { endWithOutput } from '../control-plane/cli/output.ts';
import { startCommand } from './start/options.ts';
import { start } from './start/run.ts';

endWithOutput();
// `npm start`. Options: `npm start -- --help`.
await startCommand(new Command('npm start --'), async (options) => {
  process.exitCode = await start(options);
}).parseAsync();
