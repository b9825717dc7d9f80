import type { JsonValue } from '@bufbuild/protobuf';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import type { NodeSelector } from '../xds/layers.ts';
import type { Resource } from '../xds/resource.ts';
import type { Path } from './decode.ts';
import { decodeResource } from './decode.ts';
import { fieldPath, positionOf } from './positions.ts';

/** Something wrong in a file, at its place. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A resource and where it was written. */
export interface Written {
  readonly resource: Resource;
  /** Where a field of it is, given as validation names fields; '' = the resource itself. */
  problem(path: string, message: string): FileProblem;
}

/** Resources for the nodes that fit; without a selector, for every node. */
export interface WrittenLayer {
  readonly node: NodeSelector | undefined;
  readonly resources: readonly Written[];
}

/** `resources.yaml:12:3: message` */
export function describe(p: FileProblem): string {
  return `${p.file}:${p.line}:${p.column}: ${p.message}`;
}

/**
 * Reads Envoy resources from YAML or JSON. Each document is a resource (a mapping with "@type"), a list of resources, or a
 * mapping with `resources` (the form of Envoy's own file subscriptions) and, if they are not for everybody, `node` with the
 * `id` or the `cluster` of the nodes they are for. All problems are found, not only the first.
 */
export function readDocuments(text: string, file: string): { layers: WrittenLayer[]; problems: FileProblem[] } {
  const counter = new LineCounter();
  const layers: WrittenLayer[] = [];
  const problems: FileProblem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: counter, prettyErrors: false }) as Document.Parsed[]) {
    for (const error of document.errors) {
      const at = counter.linePos(error.pos[0]);
      problems.push({ file, line: at.line, column: at.col, message: error.message.split('\n')[0]! });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const at = (root: Path, path: Path, message: string): FileProblem => ({
      file,
      ...positionOf(document, root, path, counter),
      message,
    });
    const shape = shapeOf(document.toJS() as JsonValue);
    if ('wrong' in shape) {
      problems.push(at([], shape.wrong.path, shape.wrong.message));
      continue;
    }
    const resources: Written[] = [];
    for (const [root, json] of shape.entries) {
      const found = decodeResource(json);
      if ('message' in found) problems.push(at(root, found.path, found.message));
      else
        resources.push({
          resource: found.resource,
          problem: (path, message) => at([...root, ...found.body], fieldPath(path), message),
        });
    }
    layers.push({ node: shape.node, resources });
  }
  return { layers, problems };
}

interface Shape {
  readonly node: NodeSelector | undefined;
  readonly entries: readonly (readonly [Path, JsonValue])[];
}

const listed = (list: readonly JsonValue[], below: Path) => list.map((json, i) => [[...below, i], json] as const);

function shapeOf(json: JsonValue): Shape | { wrong: { path: Path; message: string } } {
  if (Array.isArray(json)) return { node: undefined, entries: listed(json, []) };
  if (typeof json !== 'object' || json === null)
    return { wrong: { path: [], message: 'a document must be a resource, a list of resources, or have "resources"' } };
  if ('@type' in json) return { node: undefined, entries: [[[], json]] };
  // Envoy's files may carry what a DiscoveryResponse has; the version here is of the content.
  for (const key of Object.keys(json))
    if (!['node', 'resources', 'version_info', 'versionInfo'].includes(key))
      return { wrong: { path: [key], message: `there is no ${JSON.stringify(key)} beside "resources" and "node"` } };
  const { node, resources } = json;
  if (!Array.isArray(resources))
    return { wrong: { path: ['resources'], message: 'it needs "@type", or a list called "resources"' } };
  const selector = selectorOf(node);
  if (selector && 'message' in selector) return { wrong: selector };
  return { node: selector, entries: listed(resources, ['resources']) };
}

function selectorOf(json: JsonValue | undefined): NodeSelector | undefined | { path: Path; message: string } {
  if (json === undefined) return undefined;
  const wrong = { path: ['node'], message: '"node" must have either "id" or "cluster", as text' };
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return wrong;
  const [key, ...others] = Object.keys(json);
  const value = key === undefined ? undefined : json[key];
  if (others.length > 0 || typeof value !== 'string' || value === '') return wrong;
  return key === 'id' ? { id: value } : key === 'cluster' ? { cluster: value } : wrong;
}
