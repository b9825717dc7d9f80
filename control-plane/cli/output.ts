type Output = Pick<NodeJS.WriteStream, 'on'>;

let instead: (() => void) | undefined;

/**
 * To call once at the start of a program: a reader of its output that went away (`umbra status | head -1`; a closed terminal) is no
 * error and ends the program, unless {@link onOutputGone} says what to do instead.
 */
export function endWithOutput(outputs: readonly Output[] = [process.stdout, process.stderr]): void {
  for (const output of outputs)
    output.on('error', (e: NodeJS.ErrnoException) => {
      // EPIPE of a pipe (write(2)), EIO of a terminal that hung up (termios(3)).
      if (e.code !== 'EPIPE' && e.code !== 'EIO') throw e;
      if (instead) instead();
      else process.exit(0);
    });
}

/** For what has others to stop before it may end: `then` is called at each line that nobody reads, the first time and after. */
export function onOutputGone(then: () => void): void {
  instead = then;
}
