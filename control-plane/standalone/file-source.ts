import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeProblem, validate } from '../envoy/validation/index.ts';
import type { Clock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { NodeServer } from '../xds/layered-nodes.ts';
import { LayeredNodes } from '../xds/layered-nodes.ts';
import type { Resource } from '../xds/resource.ts';
import type { FileProblem, Written, WrittenLayer } from './documents.ts';
import { describe, readDocuments } from './documents.ts';

export interface FileSourceOptions {
  /** Files of resources, or folders whose .yaml, .yml and .json files are. */
  readonly paths: readonly string[];
  /** Names that resources may refer to though no file has them: clusters of the bootstrap, what another server serves. */
  readonly elsewhere?: readonly string[];
  readonly clock: Clock;
  readonly logger: { info(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** What was read and is served from now on. */
export interface LoadedFiles {
  readonly files: number;
  readonly resources: number;
}

/** How often files are looked at, ms. */
const LOOK_MS = 500;

/**
 * Serves Envoy resources from files to every node that comes, and changes with the files. All of a change is served or none of
 * it: files with any problem leave what was served before.
 */
export class FileSource {
  readonly #options: FileSourceOptions;
  readonly #nodes: LayeredNodes;
  readonly #written = new WeakMap<Resource, Written>();
  readonly #end = new AbortController();
  #seen = '';

  constructor(server: NodeServer, options: FileSourceOptions) {
    this.#options = options;
    this.#nodes = new LayeredNodes(server, {
      check: (resources) => this.#check(resources),
      onInconsistent: ({ group, problems }) =>
        options.logger.error({ code: 'UMB0301', group, problems }, `${group} is not served: ${problems.join('; ')}`),
    });
  }

  /**
   * Reads all files and serves what they say. Errors, each with every problem as `file:line:column`: UMB0102 where a file is not
   * there or cannot be read, UMB0101 where one cannot be read as resources, UMB0301 where resources break a rule or do not go together.
   */
  async load(): Promise<LoadedFiles> {
    const files = await this.#files();
    const now = await signature(files);
    const layers: WrittenLayer[] = [];
    const problems: FileProblem[] = [];
    for (const file of files) {
      const found = readDocuments(await read(file), file);
      layers.push(...found.layers);
      problems.push(...found.problems);
    }
    // Sound or not, they are not read again before they change.
    this.#seen = now;
    problems.push(...repeated(layers));
    if (problems.length > 0) throw failure('UMB0101', problems.map(describe));
    for (const w of layers.flatMap((l) => l.resources)) this.#written.set(w.resource, w);
    const wrong = this.#nodes.replace(
      layers.map(({ node, resources }) => ({ node, resources: resources.map((w) => w.resource) })),
    );
    if (wrong.length > 0) throw failure('UMB0301', [...new Set(wrong.flatMap((w) => w.problems))]);
    return { files: files.length, resources: layers.reduce((n, l) => n + l.resources.length, 0) };
  }

  /** Loads again whenever the files change, until {@link FileSource.close}. What is wrong is logged once. */
  async watch(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const now = await signature(await this.#files());
        if (now === this.#seen) continue;
        logger.info(await this.load(), 'files changed: serving what they say');
      } catch (error) {
        const { code, message } = error as UmbraError;
        // The same files are not read again; missing and unreadable ones are, and told of once.
        const told = `${code} ${message}`;
        if (code !== 'UMB0102' || this.#seen !== told)
          logger.error({ code }, `files changed, and what was served before stays: ${message}`);
        if (code === 'UMB0102') this.#seen = told;
      }
    }
  }

  close(): void {
    this.#end.abort();
    this.#nodes.close();
  }

  #check(resources: readonly Resource[]): string[] {
    const find = (typeUrl: string, name: string) =>
      this.#written.get(resources.find((r) => r.typeUrl === typeUrl && r.name === name)!);
    return validate(resources, new Set(this.#options.elsewhere ?? [])).map((p) => {
      const text = describeProblem(p);
      const written = find(p.typeUrl, p.name);
      return written ? describe(written.problem(p.path, text)) : text;
    });
  }

  async #files(): Promise<string[]> {
    const files: string[] = [];
    for (const path of this.#options.paths) {
      try {
        if ((await stat(path)).isDirectory())
          files.push(
            ...(await readdir(path))
              .filter((f) => /\.(ya?ml|json)$/.test(f))
              .sort()
              .map((f) => join(path, f)),
          );
        else files.push(path);
      } catch (cause) {
        throw unreadable(path, cause);
      }
    }
    return files;
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(path: string, cause: unknown): UmbraError {
  return new UmbraError('UMB0102', `${path}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, {
    cause,
    remedy: 'Give files of Envoy resources, or folders of them: umbra xds -f resources.yaml',
  });
}

/** Changes when a file does, however it arrives: written in place, renamed onto it, behind a symbolic link. */
async function signature(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(
    files.map(async (f) => {
      const s = await stat(f, { bigint: true }).catch(() => undefined);
      return s ? `${f} ${s.dev} ${s.ino} ${s.size} ${s.mtimeNs}` : f;
    }),
  );
  return stats.join('\n');
}

/** Resources given twice to the same nodes. */
function repeated(layers: readonly WrittenLayer[]): FileProblem[] {
  const first = new Map<string, Written>();
  const problems: FileProblem[] = [];
  for (const { node, resources } of layers)
    for (const w of resources) {
      const key = JSON.stringify([node, w.resource.typeUrl, w.resource.name]);
      const before = first.get(key);
      if (!before) {
        first.set(key, w);
        continue;
      }
      const { file, line } = before.problem('', '');
      problems.push(w.problem('name', `${w.resource.name} is given twice to the same nodes, first at ${file}:${line}`));
    }
  return problems;
}

function failure(code: 'UMB0101' | 'UMB0301', lines: readonly string[]): UmbraError {
  return new UmbraError(code, lines.length === 1 ? lines[0]! : `\n${lines.map((l) => `  ${l}`).join('\n')}`, {
    remedy: 'Correct the lines named. Nothing of these files is served; what was served before stays.',
  });
}
