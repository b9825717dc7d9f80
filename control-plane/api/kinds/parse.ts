import { Value } from 'typebox/value';
import { type Document, isMap, LineCounter, parseAllDocuments } from 'yaml';
import { UmbraError } from '../../mesh/errors.ts';
import { Application, Shadow } from './application.ts';
import { references } from './references.ts';

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

const schemas = { Application, Shadow } as const;

/**
 * Reads one `Application` and at most one `Shadow` from YAML.
 * @throws UmbraError UMB0101 that names every problem with its line; nothing is used of a file with a problem.
 */
export function parseDocuments(text: string, file: string): Documents {
  const counter = new LineCounter();
  const problems: Problem[] = [];
  const found: { Application: Application[]; Shadow: Shadow[] } = { Application: [], Shadow: [] };
  for (const document of parseAllDocuments(text, { lineCounter: counter }) as Document.Parsed[]) {
    for (const error of document.errors) {
      const at = counter.linePos(error.pos[0]);
      problems.push({ line: at.line, column: at.col, message: error.message.split('\n')[0]! });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const say = (path: string[], message: string) => problems.push({ ...positionOf(document, path, counter), message });
    const value = document.toJS() as Record<string, unknown>;
    const kind = value?.kind;
    if (kind !== 'Application' && kind !== 'Shadow') {
      say(['kind'], `kind must be Application or Shadow, not ${JSON.stringify(kind)}`);
      continue;
    }
    const before = problems.length;
    for (const error of Value.Errors(schemas[kind], value)) explain(error, say);
    if (problems.length > before) continue;
    if (kind === 'Application') {
      for (const [path, message] of references(value as Application)) say(path, message);
      found.Application.push(value as Application);
    } else found.Shadow.push(value as Shadow);
    if (found[kind].length > 1) say(['kind'], `a second ${kind}; a file holds one`);
  }
  const application = found.Application[0];
  if (problems.length === 0 && !application)
    problems.push({ line: 1, column: 1, message: 'no Application in this file' });
  if (problems.length > 0) {
    problems.sort((a, b) => a.line - b.line);
    throw new UmbraError('UMB0101', problems.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`).join('\n'));
  }
  const shadow = found.Shadow[0];
  return shadow ? { application: application!, shadow } : { application: application! };
}

type SchemaError = ReturnType<typeof Value.Errors>[number];

/** One schema error in the words of the document, at the place that is wrong. */
function explain(error: SchemaError, say: (path: string[], message: string) => void): void {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const params = error.params as Record<string, unknown>;
  const where = path.join('.') || 'document';
  if (Array.isArray(params.additionalProperties)) {
    for (const name of params.additionalProperties as string[])
      say([...path, name], `${where} has no field ${JSON.stringify(name)}`);
  } else if (Array.isArray(params.requiredProperties)) {
    for (const name of params.requiredProperties as string[])
      say(path, `${where} lacks the field ${JSON.stringify(name)}`);
  } else if (error.keyword !== 'const' || !error.schemaPath.includes('anyOf')) say(path, `${where} ${error.message}`);
}

const unescapePointer = (s: string) => s.replaceAll('~1', '/').replaceAll('~0', '~');

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
