import {
  boolean,
  cookieName,
  headerMatch,
  headerName,
  integer,
  list,
  method,
  number,
  object,
  pathPrefix,
  type Rule,
  string,
} from './config-checks.ts';

/** What is made unreadable before a copy leaves. Credentials and card numbers are covered without saying so. */
export interface RedactConfig {
  /** Headers and trailers (lower case) whose value becomes `redacted`. */
  headers?: string[];
  /** Query and form fields, by name without regard to case. */
  query?: string[];
  /** JSON fields at any depth, by name without regard to case. */
  jsonFields?: string[];
  /** Places in JSON bodies, `$.user.address`, `$.items[*].note`, with all that is in them. */
  jsonPaths?: string[];
  /** Names that would be redacted as credentials by default (`token`, `password`…) but are not. */
  keep?: string[];
  /** Patterns looked for in path, query, headers and bodies. Default: cards and bearer on, emails off. */
  cards?: boolean;
  bearer?: boolean;
  emails?: boolean;
}

/** A request is of the first route of which all that is given fits. */
export interface MirrorRoute {
  methods?: string[];
  pathPrefix?: string;
  /** Present, and equal if a value is given. */
  header?: { name: string; value?: string };
  /** Its own share, 0..100; 0 = never. Default: the configuration's `percent`. */
  percent?: number;
  /** Bodies are copied although they cannot be read (encoded, multipart, protobuf…). Default false. */
  opaque?: boolean;
  /** Its safe requests may be sent twice, see `twicePercent`. Default true. */
  twice?: boolean;
  /** For the comparison's counters per route, `umbra_mirror_route.NAME.*`. */
  name?: string;
}

export interface MirrorConfig {
  /** Rises with every change; a re-push with a new one revives a filter that has failed. */
  generation: number;
  /** The shadow's cluster in this Envoy. */
  cluster: string;
  /** `:authority` of the copies. Default: the request's own. */
  authority?: string;
  /** Share of requests, or of sessions if `session` is given, that is copied: 0..100. For those of no route with its own. */
  percent: number;
  /** Samples whole sessions: by the cookie's or the header's value. Requests without it are sampled each on their own. */
  session?: { cookie: string } | { header: string };
  /** At most 64. */
  routes?: MirrorRoute[];
  /** Largest body copied, bytes. Default 1 MiB. */
  maxBodyBytes?: number;
  /** Most copies in flight, each until its callout ends. Default 64. */
  maxInFlight?: number;
  /** Most bytes held for copies. Default 16 MiB. */
  maxBytesHeld?: number;
  /** The shadow's time to answer, ms. Default 5000. */
  timeoutMs?: number;
  redact?: RedactConfig;
  /** 32 hexadecimal digits (16 bytes): the key of all pseudonyms. */
  pseudonymKey: string;
  /**
   * What carries an identity is replaced by a stable pseudonym: `authorization` and other well-known credential headers, these
   * `headers`, and every cookie but the `plainCookies`.
   */
  identity?: { headers?: string[]; plainCookies?: string[] };
  /** Ids the server makes: paired with the shadow's own and replaced in later copies of the session. */
  learn?: {
    /** `$.order.id`, `$.items[*].id`. */
    jsonPaths?: string[];
    /** Last path segment of `location`. */
    location?: boolean;
    /** Cookies set by the server, by name. */
    setCookie?: string[];
  };
  compare?: {
    /** Answers' bodies are compared by structure. Default true. */
    body?: boolean;
  };
  /** Share 0..100 of copied safe requests that are sent twice: the noise floor of the comparison. Default 0. */
  twicePercent?: number;
  /** Period of the heartbeat counter, ms. Default 1000. */
  heartbeatMs?: number;
}

const jsonPath = string(
  255,
  /^\$(\.[^.[]+|\[\*\]){1,16}$/,
  'must be like $.order.id or $.items[*].id, 16 deep at most',
);

const session: Rule = (value, path, problems) => {
  object({ cookie: cookieName, header: headerName })(value, path, problems);
  if (typeof value === 'object' && value !== null) {
    if ('cookie' in value === 'header' in value) problems.push(`${path}: needs either cookie or header`);
  }
};

const schema = object(
  {
    generation: integer(0, Number.MAX_SAFE_INTEGER),
    cluster: string(255),
    authority: string(255, /^[\w.:[\]-]+$/, 'must be a host, with a port or without'),
    percent: number(0, 100),
    session,
    routes: list(
      object({
        methods: list(method, 16),
        pathPrefix,
        header: headerMatch,
        percent: number(0, 100),
        opaque: boolean,
        twice: boolean,
        name: string(64, /^[\w-]+$/, 'may have letters, digits, _ and -'),
      }),
      64,
    ),
    maxBodyBytes: integer(0, 8 * 1024 * 1024),
    maxInFlight: integer(1, 4096),
    maxBytesHeld: integer(0, 256 * 1024 * 1024),
    timeoutMs: integer(1, 600_000),
    redact: object({
      headers: list(headerName, 64),
      query: list(string(128), 64),
      jsonFields: list(string(128), 64),
      jsonPaths: list(jsonPath, 32),
      keep: list(string(128), 64),
      cards: boolean,
      bearer: boolean,
      emails: boolean,
    }),
    pseudonymKey: string(32, /^[0-9a-fA-F]{32}$/, 'must be 32 hexadecimal digits'),
    identity: object({ headers: list(headerName, 16), plainCookies: list(cookieName, 64) }),
    learn: object({ jsonPaths: list(jsonPath, 32), location: boolean, setCookie: list(cookieName, 16) }),
    compare: object({ body: boolean }),
    twicePercent: number(0, 100),
    heartbeatMs: integer(10, 3_600_000),
  },
  ['generation', 'cluster', 'percent', 'pseudonymKey'],
);

export function checkMirror(config: unknown): string[] {
  const problems: string[] = [];
  schema(config, '', problems);
  return problems;
}
