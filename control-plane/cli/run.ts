import { type Command, CommanderError } from 'commander';
import { UmbraError } from '../mesh/errors.ts';
import { createProgram } from './program.ts';
import type { Terminal } from './terminal.ts';
import { plain } from './text/words.ts';

/**
 * Runs one command line (without `node umbra`). Returns the exit code: 0 well, 1 an error with its code and remedy (or a check
 * that failed), 2 wrong usage.
 */
export async function run(args: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let code = 0;
  const program = createProgram(terminal, version, (c) => {
    code = c;
  });
  const all = [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)];
  for (const command of all) {
    command.exitOverride();
    command.showHelpAfterError(`(${pathOf(command)} --help says more)`);
    command.configureOutput(program.configureOutput());
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UmbraError) {
      const { code: umb, message, remedy } = error;
      terminal.err(args.includes('--json') ? JSON.stringify({ code: umb, message, remedy }) : plain(error.toText()));
      return 1;
    }
    throw error;
  }
}

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
