import type { Row } from '../lib/rows.ts';

/** What the command line asks for. */
export interface Options {
  readonly rounds: number;
  /** Of each contender's turn in a round. */
  readonly seconds: number;
  readonly connections: number;
  /** Of the memory case. */
  readonly requests: number;
  readonly changes: number;
  /** One line of progress. */
  readonly say: (line: string) => void;
}

/** A case: measures, and gives its rows. */
export type Case = (options: Options) => Promise<Row[]>;
