type Print = (line: string) => void;

/** Prints lines with the seconds since it was made in front. */
export function progress(print: Print = console.log): Print {
  const from = performance.now();
  return (line) => print(`${((performance.now() - from) / 1000).toFixed(1).padStart(7)}s  ${line}`);
}

/** For the lines of a process that counts from its own start: a line's time is replaced by that of `say`. */
export function retimed(say: Print, print: Print = console.log): Print {
  return (line) => {
    const text = /^ *\d+\.\ds {2}(.*)$/.exec(line)?.[1];
    if (text === undefined) print(line);
    else say(text);
  };
}
