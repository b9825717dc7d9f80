/** Prints lines with the seconds since it was made in front. */
export function progress(print: (line: string) => void = console.log): (line: string) => void {
  const from = performance.now();
  return (line) => print(`${((performance.now() - from) / 1000).toFixed(1).padStart(7)}s  ${line}`);
}
