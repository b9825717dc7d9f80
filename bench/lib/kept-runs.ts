import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { plain } from './rows.ts';

/** Options, for `parseArgs`, of a bench that keeps its runs. `json`: where its rows go if nothing else is said. */
export const keptRunsOptions = (json: string) =>
  ({
    json: { type: 'string', default: json },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  }) as const;

/**
 * The runs of a bench, of which each is appended to FILE.runs as it ends (a line of JSON): started again with the same FILE, the
 * bench goes on where it stopped.
 */
export class KeptRuns<Run extends object> {
  /** FILE, absolute: where the rows go. */
  readonly file: string;
  readonly path: string;
  private readonly all: Run[];

  /** Reads the runs of before; `fresh` forgets them. */
  constructor({ json, fresh }: { json: string; fresh: boolean }) {
    this.file = resolve(json);
    this.path = `${this.file}.runs`;
    mkdirSync(dirname(this.file), { recursive: true });
    if (fresh) rmSync(this.path, { force: true });
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const read = (_: string, v: unknown) => (v === 'never' ? Number.POSITIVE_INFINITY : v);
    this.all = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line, read) as Run);
    if (this.all.length > 0)
      console.log(`${this.all.length} runs of before are kept (${this.path}; --fresh forgets them)`);
  }

  /** Those of before and those added, in that order. */
  get runs(): readonly Run[] {
    return this.all;
  }

  add(run: Run): void {
    this.all.push(run);
    appendFileSync(this.path, `${JSON.stringify(run, plain)}\n`);
  }
}
