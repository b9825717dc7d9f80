import {
  boolean,
  headerMatch,
  headerName,
  integer,
  list,
  method,
  number,
  object,
  oneOf,
  pathPrefix,
  type Rule,
  string,
} from './config-checks.ts';

/** Which requests a fault may hit; all that is given must fit. */
export interface Match {
  method?: string;
  pathPrefix?: string;
  /** The path without its query: `*` stands for any characters but `/`, `**` for any. `/orders/*`, `/img/**`. */
  path?: string;
  /** Host in `:authority`, without its port, for a listener that stands for several services (a mock). */
  authority?: string;
  /** Present, and equal if a value is given. */
  header?: { name: string; value?: string };
  /** The caller's name in `x-umbra-caller`, which the caller's sidecar overwrites. */
  caller?: string;
}

/**
 * Added latency in ms, drawn per request. fixed: `ms`. uniform: `ms` ± `spread`. normal: mean `ms`, standard deviation
 * `spread`. pareto: at least `ms`, shape `spread` (default 2; smaller = heavier tail). table: `table` holds delays at evenly
 * spaced percentiles from 0 to 100. Never below 0 nor above 60 s.
 */
export type Delay =
  | { kind: 'fixed'; ms: number }
  | { kind: 'uniform' | 'normal' | 'pareto'; ms: number; spread?: number }
  | { kind: 'table'; table: number[] };

/** A bare answer instead of the service's. `grpc` is a gRPC status code 1..16. */
export type Abort = { http: number } | { grpc: number };

/** A framework's own error body and headers. */
export interface Exception {
  template: 'express' | 'spring' | 'grpc';
  /** HTTP status, or the gRPC status code for `grpc`. */
  status: number;
}

export const mutationKinds = [
  'number-jitter',
  'boundary',
  'string-edit',
  'drop',
  'duplicate',
  'swap',
  'type-change',
  'null',
] as const;
export type MutationKind = (typeof mutationKinds)[number];

export const mutationParts = ['body', 'query', 'headers'] as const;
export type MutationPart = (typeof mutationParts)[number];

export interface Mutate {
  on: 'request' | 'response';
  /** Mutations per part. */
  ops: number;
  /** Default: all. They act on JSON, form and plain bodies, query fields and header values; where none fits nothing is done. */
  kinds?: MutationKind[];
  /** Also flips bits, of bodies that are not understood as well; JSON is then no longer kept well-formed. */
  raw?: boolean;
  /** What is changed. Default: the body. An answer has no query. */
  parts?: MutationPart[];
  /** The only headers that are changed. Default: all but {@link isFixedHeader}. */
  headers?: string[];
}

const fixedHeaders = new Set([
  'te',
  'host',
  'expect',
  'trailer',
  'upgrade',
  'connection',
  'keep-alive',
  'content-length',
  'proxy-connection',
  'transfer-encoding',
]);

/** Headers that frame or route a message, and those of the mesh itself, are never mutated. */
export function isFixedHeader(name: string): boolean {
  return fixedHeaders.has(name) || /^(:|x-umbra-|x-envoy-)/.test(name);
}

export interface ChaosFault {
  id: string;
  /** Unix ms; past it the fault does nothing, whatever the control plane does. */
  expiresAtMs: number;
  /** Also ends this long after it was configured, on the monotonic clock: a wall clock that jumps back revives nothing. */
  maxDurationMs?: number;
  /** Share 0..1 of matching requests. Default 1. */
  share?: number;
  /** Every random choice derives from it and the request's number. Default 0. */
  seed?: number;
  match?: Match;
  /** Most requests hit at the same time. Default: no limit. */
  maxActive?: number;
  /** Before anything else of this fault. */
  delay?: Delay;
  /** At most one of abort, reset, exception. */
  abort?: Abort;
  reset?: boolean;
  exception?: Exception;
  mutate?: Mutate;
  /** Holds the request before the service, or the answer's body, until the fault ends. */
  stall?: 'request' | 'response';
  /** Cuts a body to this many bytes and takes its declared length away. */
  truncate?: { on: 'request' | 'response'; bytes: number };
}

export interface ChaosConfig {
  generation: number;
  /**
   * Which of an Envoy's chaos filters this is of, where they have different configurations: one that follows another of the same
   * filter takes back the faults that it lacks, and lets those go on that it has. Default: there is one filter.
   */
  filter?: string;
  faults: ChaosFault[];
  /** Largest body mutated, bytes; above it a body passes unmutated. Default 256 KiB. */
  maxBodyBytes?: number;
}

const delay: Rule = (value, path, problems) => {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (kind === 'table') {
    object({ kind: oneOf(['table']), table: list(number(0, 60_000), 101, 2) }, ['kind', 'table'])(
      value,
      path,
      problems,
    );
    return;
  }
  object(
    {
      kind: oneOf(['fixed', 'uniform', 'normal', 'pareto', 'table']),
      ms: number(0, 60_000),
      spread: kind === 'pareto' ? number(0.1, 100) : number(0, 60_000),
    },
    ['kind', 'ms'],
  )(value, path, problems);
};

const abort: Rule = (value, path, problems) => {
  object({ http: integer(200, 599), grpc: integer(1, 16) })(value, path, problems);
  if (typeof value === 'object' && value !== null && 'http' in value === 'grpc' in value)
    problems.push(`${path}: needs either http or grpc`);
};

const exception: Rule = (value, path, problems) => {
  const grpc = (value as { template?: unknown } | null)?.template === 'grpc';
  object({ template: oneOf(['express', 'spring', 'grpc']), status: grpc ? integer(1, 16) : integer(400, 599) }, [
    'template',
    'status',
  ])(value, path, problems);
};

const direction = oneOf(['request', 'response']);

const changeableHeader: Rule = (value, path, problems) => {
  headerName(value, path, problems);
  if (typeof value === 'string' && isFixedHeader(value)) problems.push(`${path}: frames or routes the message`);
};

const mutateFields = object(
  {
    on: direction,
    ops: integer(1, 64),
    kinds: list(oneOf(mutationKinds), 16),
    raw: boolean,
    parts: list(oneOf(mutationParts), 3, 1),
    headers: list(changeableHeader, 64),
  },
  ['on', 'ops'],
);

const mutate: Rule = (value, path, problems) => {
  const before = problems.length;
  mutateFields(value, path, problems);
  if (problems.length > before) return;
  const { on, parts = ['body'], headers = [] } = value as Mutate;
  if (on === 'response' && parts.includes('query')) problems.push(`${path}.parts: an answer has no query`);
  if (headers.length > 0 && !parts.includes('headers')) problems.push(`${path}.headers: parts has no headers`);
};

const id = string(64, /^[\w.:-]+$/, 'may have letters, digits and . : _ -');

const faultFields = object(
  {
    id,
    expiresAtMs: integer(0, Number.MAX_SAFE_INTEGER),
    maxDurationMs: integer(1, 86_400_000),
    share: number(0, 1),
    seed: integer(0, Number.MAX_SAFE_INTEGER),
    match: object({
      method,
      pathPrefix,
      path: string(256, /^\//, 'must begin with /'),
      authority: string(255, /^[\w.-]+$/, 'must be a host without port'),
      header: headerMatch,
      caller: string(128),
    }),
    maxActive: integer(1, 1_000_000),
    delay,
    abort,
    reset: boolean,
    exception,
    mutate,
    stall: direction,
    truncate: object({ on: direction, bytes: integer(0, 0x7fffffff) }, ['on', 'bytes']),
  },
  ['id', 'expiresAtMs'],
);

const fault: Rule = (value, path, problems) => {
  faultFields(value, path, problems);
  if (typeof value !== 'object' || value === null) return;
  const f = value as ChaosFault;
  if ([f.abort, f.reset || undefined, f.exception].filter((v) => v !== undefined).length > 1)
    problems.push(`${path}: has more than one of abort, reset, exception`);
};

const schema = object(
  {
    generation: integer(0, Number.MAX_SAFE_INTEGER),
    filter: id,
    faults: list(fault, 64),
    maxBodyBytes: integer(0, 1024 * 1024),
  },
  ['generation', 'faults'],
);

export function checkChaos(config: unknown): string[] {
  const problems: string[] = [];
  schema(config, '', problems);
  return problems;
}
