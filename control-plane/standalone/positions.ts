import { type Document, isMap, isNode, isPair, isSeq, type LineCounter } from 'yaml';
import type { Path } from './decode.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Line and column of the deepest part of `path` that is there, below the node at `root`. Fields are found by their proto
 * name and by their JSON name (`connect_timeout`, `connectTimeout`), whichever the document uses.
 */
export function positionOf(document: Document.Parsed, root: Path, path: Path, counter: LineCounter): Position {
  let node: unknown = document.contents;
  let range = rangeOf(node);
  for (const step of [...root, ...path]) {
    const found = child(node, step);
    if (!found) break;
    node = found.value;
    range = rangeOf(found.key) ?? rangeOf(node) ?? range;
  }
  const at = counter.linePos(range?.[0] ?? 0);
  return { line: at.line, column: at.col };
}

function child(node: unknown, step: string | number): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = typeof step === 'number' ? node.items[step] : undefined;
    return value === undefined ? undefined : { key: value, value };
  }
  if (!isMap(node)) return undefined;
  const names = [String(step), camelCase(String(step))];
  const pair = node.items.find((p) => isPair(p) && names.includes(String((p.key as { value?: unknown })?.value)));
  return pair && { key: pair.key, value: pair.value };
}

const rangeOf = (node: unknown) => (isNode(node) ? (node.range ?? undefined) : undefined);

const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The path in a validation problem's form, `filters[0].typed_config(Router).x`, as keys and indices. */
export function fieldPath(text: string): Path {
  const path: (string | number)[] = [];
  for (const [, name, index] of text.matchAll(/([^.[\]()]+(?=[.[(]|$))|\[([^\]]*)\]|\([^)]*\)/g)) {
    if (name !== undefined) path.push(name);
    else if (index !== undefined) path.push(/^\d+$/.test(index) ? Number(index) : index);
  }
  return path;
}
