/** A filter's configuration as text: what is wrong with it, and on which line. */
import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import { type FilterRole, validateChaos, validateMirror } from './config.ts';

export interface TextProblem {
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
  /** The field, `faults[0].delay.ms`; empty = the text as a whole. */
  readonly path: string;
  /** What it must be, in words. */
  readonly reason: string;
}

/** Every problem of a configuration in the order of its lines; empty = the module accepts it. */
export function problemsIn(role: FilterRole, text: string): TextProblem[] {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    return [{ ...placeOf(error), path: '', reason: `is not JSON: ${(error as Error).message}` }];
  }
  const counter = new LineCounter();
  // Whatever is JSON is YAML too, and there what is wrong has its place.
  const document = parseDocument(text, { lineCounter: counter });
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const twice = document.errors.map((e) => ({ ...at(e.pos[0]), path: '', reason: e.message.split('\n')[0]! }));
  const wrong = (role === 'chaos' ? validateChaos(config) : validateMirror(config)).map((problem) => {
    const colon = problem.indexOf(': ');
    const path = problem.slice(0, colon);
    return { ...at(offsetOf(document, path)), path, reason: problem.slice(colon + 2) };
  });
  return [...twice, ...wrong].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `line 3: faults[0].share: must be within 0 and 1`. */
export function describeTextProblem({ line, path, reason }: TextProblem): string {
  return `line ${line}: ${path ? `${path}: ` : ''}${reason}`;
}

/** Where a field begins; of one that is missing, where the object begins that lacks it. */
function offsetOf(document: Document.Parsed, path: string): number {
  const keys = [...path.matchAll(/[^.[\]]+/g)].map(([key]) => key);
  for (let depth = keys.length; depth > 0; depth--) {
    const parent = document.getIn(keys.slice(0, depth - 1), true);
    const key = keys[depth - 1];
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === key) : undefined;
    const node = (pair?.key ?? document.getIn(keys.slice(0, depth), true)) as { range?: [number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

/** V8 says where a text stops being JSON, if it does not just end. */
function placeOf(error: unknown): { line: number; column: number } {
  const at = /line (\d+) column (\d+)/.exec((error as Error).message);
  return { line: Number(at?.[1] ?? 1), column: Number(at?.[2] ?? 1) };
}
