/** What `go build -v` says on its standard error, read line by line: how far it is, and if it failed, why. */
export class GoOutput {
  #downloaded = 0;
  #compiled = 0;
  readonly #said: string[] = [];

  /** Takes one line, without its end. */
  take(line: string): void {
    if (line.startsWith('go: downloading ')) this.#downloaded++;
    else if (/^[\w.~/-]+$/.test(line))
      this.#compiled++; // A package's import path and nothing else: its compilation begins.
    else if (line !== '') this.#said.push(line);
  }

  /** How far it is. Packages that an earlier build left in Go's cache are not compiled again and not counted. */
  get progress(): string {
    return `${this.#downloaded} modules downloaded, ${this.#compiled} packages compiled`;
  }

  /** The reason of a failure, in one line: the first that is no heading (`# package`). */
  get reason(): string | undefined {
    return this.#said.find((line) => !line.startsWith('#'))?.trim();
  }
}
