import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { type Document, isMap, LineCounter, parseAllDocuments } from 'yaml';
import { UmbraError } from '../../mesh/errors.ts';
import { Application, Shadow } from './application.ts';
import { mirrorLimits } from './mirror.ts';
import { references } from './references.ts';
import { inWords } from './schema-errors.ts';
import { shadowReferences } from './shadow-references.ts';

/** A problem in a document, as `file:line:column: message`. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Documents {
  readonly application: Application;
  /** Absent: production alone. */
  readonly shadow?: Shadow;
}

// A value that is none of many takes an error for each of them; with the default of 8 others would be lost.
Settings.Set({ maxErrors: 200 });

const schemas = { Application, Shadow } as const;

/**
 * Reads one `Application` and at most one `Shadow` from YAML.
 * @throws UmbraError UMB0101 that names every problem with its line; nothing is used of a file with a problem.
 */
export function parseDocuments(text: string, file: string): Documents {
  const counter = new LineCounter();
  const problems: Problem[] = [];
  const found: { Application: Application[]; Shadow: Shadow[] } = { Application: [], Shadow: [] };
  let sayOfShadow = (_path: string[], _message: string): void => {};
  for (const document of parseAllDocuments(text, { lineCounter: counter }) as Document.Parsed[]) {
    // Those after the first are mostly its consequences.
    const [unreadable] = document.errors;
    if (unreadable) {
      const at = counter.linePos(unreadable.pos[0]);
      const message = unreadable.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
      problems.push({ line: at.line, column: at.col, message });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const say = (path: string[], message: string) => problems.push({ ...positionOf(document, path, counter), message });
    const value = document.toJS() as Record<string, unknown>;
    const kind = value?.kind;
    if (kind !== 'Application' && kind !== 'Shadow') {
      say(
        ['kind'],
        `kind must be Application or Shadow, ${kind === undefined ? 'and is missing' : `not ${JSON.stringify(kind)}`}`,
      );
      continue;
    }
    const before = problems.length;
    for (const [path, message] of inWords(Value.Errors(schemas[kind], value), schemas[kind], value)) say(path, message);
    if (problems.length > before) continue;
    if (kind === 'Application') {
      for (const [path, message] of references(value as Application)) say(path, message);
      found.Application.push(value as Application);
    } else {
      const { mirror } = (value as Shadow).spec;
      for (const [path, message] of mirror ? mirrorLimits(mirror) : []) say(['spec', 'mirror', ...path], message);
      found.Shadow.push(value as Shadow);
      sayOfShadow = say;
    }
    if (found[kind].length > 1) say(['kind'], `a second ${kind}; a file holds one`);
  }
  const application = found.Application[0];
  const shadow = found.Shadow[0];
  if (problems.length === 0 && !application)
    problems.push({ line: 1, column: 1, message: 'no Application in this file' });
  if (application && shadow)
    for (const [path, message] of shadowReferences(shadow, application)) sayOfShadow(path, message);
  if (problems.length > 0) {
    problems.sort((a, b) => a.line - b.line);
    throw new UmbraError('UMB0101', problems.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`).join('\n'));
  }
  return shadow ? { application: application!, shadow } : { application: application! };
}

/** Line and column of the deepest part of `path` that is there; of the key, where the path ends in one. */
function positionOf(document: Document.Parsed, path: string[], counter: LineCounter): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const parent = depth > 0 ? document.getIn(path.slice(0, depth - 1), true) : undefined;
    const key = isMap(parent)
      ? parent.items.find((i) => String((i.key as { value?: unknown })?.value) === path[depth - 1])?.key
      : undefined;
    const node = (key ?? (depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true))) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range) {
      const at = counter.linePos(node.range[0]);
      return { line: at.line, column: at.col };
    }
  }
  return { line: 1, column: 1 };
}
