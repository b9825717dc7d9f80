import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createExamplePlane } from '../../test/dashboard/example-plane.ts';
import { createApi, listenOnLoopback } from '../api/server.ts';
import { wallClock } from '../mesh/clock.ts';
import { run } from './run.ts';
import { paint } from './text/words.ts';

const token = 'a-token-of-some-length';

/** A running plane found by its ready.json, and a terminal that remembers. */
async function start(t: TestContext) {
  const plane = createExamplePlane(wallClock);
  const api = await createApi({ plane, token, dashboard: '/nowhere' });
  t.after(() => api.close());
  const url = await listenOnLoopback(api);
  const home = mkdtempSync(join(tmpdir(), 'umbra-cli-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'shop'));
  const tokenFile = join(home, 'shop', 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  writeFileSync(
    join(home, 'shop', 'ready.json'),
    JSON.stringify({ dashboard: url, api: url, tokenFile, pid: process.pid }),
  );
  return { plane, api, url, home, tokenFile };
}

function terminalOf(env: NodeJS.ProcessEnv, stop = new AbortController().signal) {
  let out = '';
  let err = '';
  return {
    env,
    stop,
    user: 'carol',
    paint: paint(false),
    now: () => wallClock.now(),
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: (text: string) => {
      err += `${text}\n`;
    },
    get said() {
      return { out, err };
    },
  };
}

async function umbra(home: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const terminal = terminalOf({ UMBRA_HOME: home, ...env });
  const code = await run(args, terminal, '9.9.9');
  return { code, ...terminal.said };
}

const looks: [args: string[], expected: RegExp[]][] = [
  [
    ['status'],
    [
      /^shop {2}Umbra 0\.1\.0/,
      /production .*offered/,
      /checkout>payments/,
      /outlier-detection@storefront>catalog×1/,
      /latency@payments/,
      /payments/,
      /0 nacks/,
      /fidelity +96\.4% \(95\.1%–97\.4%\) over 212 windows/,
      /recommendations +87\.1% \(79\.0%–100\.0%\), noise floor 41\.2% of 34, 411 compared/,
      /checkout +31 compared, too few/,
    ],
  ],
  [
    ['check'],
    [/√ production: metrics arrive from every sidecar: 5 of 5/, /√ store: writable/, /mirrored traffic arrives/],
  ],
  [['patterns'], [/pt-3 trusted/, /healed 9 of 10/, /3 of 3 did not recover/]],
  [['incidents'], [/i-13 +mitigated/, /i-12 +recovered/]],
  [
    ['explain', 'i-12'],
    [
      /origin=payments/,
      /▸ +circuit-breaking@checkout>payments×2 +\+0\.210 +\+0\.150 +chosen/,
      /payments has no redundant service/,
      /kept after 4\.0 s: good 71\.0% before, 66\.0% expected without it, 86\.0% with it/,
    ],
  ],
  [['report'], [/37800 requests/, /leaked writes +0/, /cart-writes +92\.9%/]],
];
for (const [args, expected] of looks) {
  test(`umbra ${args.join(' ')}`, async (t) => {
    const { home } = await start(t);
    const { code, out, err } = await umbra(home, args);
    assert.equal(err, '');
    assert.equal(code, 0);
    for (const e of expected) assert.match(out, e);
    const json = await umbra(home, [...args, '--json']);
    assert.equal(json.code, 0);
    assert.equal(typeof JSON.parse(json.out), 'object');
  });
}

test('orders reach the plane under the user’s name, are listed and cancelled', async (t) => {
  const { plane, home } = await start(t);
  const given: [args: string[], order: unknown][] = [
    [['freeze'], { type: 'freeze' }],
    [['freeze', 'cart'], { type: 'freeze', service: 'cart' }],
    [['mode', 'cart', 'observe'], { type: 'mode', service: 'cart', mode: 'observe' }],
    [
      ['pin', 'scale', 'payments', '1'],
      { type: 'pin', mitigation: { kind: 'scale', target: { service: 'payments' }, strength: 1 } },
    ],
    [
      ['pin', 'retry', 'storefront>cart', '0'],
      { type: 'pin', mitigation: { kind: 'retry', target: { edge: 'storefront>cart' }, strength: 0 } },
    ],
    [['forbid', 'retry@storefront>cart'], { type: 'forbid', what: 'retry@storefront>cart' }],
    [['undo', 'l-31'], { type: 'undo', lease: 'l-31' }],
  ];
  for (const [args, order] of given) {
    const { code, err } = await umbra(home, ['override', ...args, '--reason', 'drill', '--for', '10m']);
    assert.equal(code, 0, err);
    assert.deepEqual(plane.given.at(-1), { order, by: 'carol', reason: 'drill', ttlMs: 600_000 });
  }
  assert.equal((await umbra(home, ['override', 'approve', 'd-111'])).code, 0);
  assert.deepEqual(plane.given.at(-1)?.order, { type: 'approve', decision: 'd-111' });
  const listed = await umbra(home, ['override', 'list']);
  assert.match(listed.out, /o-1 +freeze everything +by carol/);
  assert.equal((await umbra(home, ['override', 'cancel', 'o-1'])).code, 0);
  assert.doesNotMatch((await umbra(home, ['override', 'list'])).out, /o-1 /);
});

test('a wrong token, an unknown incident, nothing running: a code, a remedy, exit 1', async (t) => {
  const { plane, home, url, tokenFile } = await start(t);
  const wrong = await umbra(home, ['override', 'freeze', '--token', 'wrong']);
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /^UMB0801 not allowed: the token is wrong\n {2}→ /);
  assert.deepEqual(plane.given, []);

  const json = await umbra(home, ['explain', 'i-99', '--json']);
  assert.equal(json.code, 1);
  assert.deepEqual(Object.keys(JSON.parse(json.err)), ['code', 'message', 'remedy']);

  const nowhere = await umbra(join(home, 'empty'), ['status']);
  assert.match(nowhere.err, /^UMB0802 .*no application runs/);
  const closed = await umbra(home, ['status', '--api', 'http://127.0.0.1:1']);
  assert.match(closed.err, /^UMB0802 .*does not answer/);

  chmodSync(tokenFile, 0o644);
  const open = await umbra(home, ['override', 'freeze', '--api', url]);
  assert.match(open.err, /^UMB0801 .*can be read by others/);
});

const usage: string[][] = [
  ['explode'],
  ['explain'],
  ['status', '--nonsense'],
  ['override', 'mode', 'cart', 'yolo'],
  ['override', 'pin', 'scale', 'payments', 'much'],
  ['override', 'freeze', '--for', 'soon'],
  ['up'],
  ['up', '-f', 'app.yaml', '--port', '99999'],
];
for (const args of usage) {
  test(`umbra ${args.join(' ')} is wrong usage: exit 2`, async () => {
    const { code, out, err } = await umbra('/nowhere', args);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /error: /);
  });
}

test('wrong usage names the help of the command that was meant', async () => {
  const { err } = await umbra('/nowhere', ['override', 'pin', 'scale', 'payments', 'much']);
  assert.match(err, /\(umbra override pin --help says more\)/);
});

test('the help of an order tells units, and how long it stands where nobody says', async () => {
  const { code, out } = await umbra('/nowhere', ['override', 'pin', '--help']);
  assert.equal(code, 0);
  assert.match(out, /scale +service +1 to 20, whole +replicas added/);
  assert.match(out, /how long it stands: 10m, 2h, 1d \(default:\s+60 min\)/);
});

test('status --watch draws again until it is stopped, through a control plane that goes away', async (t) => {
  const { api, home } = await start(t);
  const ending = new AbortController();
  const pictures: string[] = [];
  const terminal = {
    ...terminalOf({ UMBRA_HOME: home }, ending.signal),
    out: (text: string) => {
      pictures.push(text);
      if (pictures.length === 2) void api.close();
      if (text.includes('UMB0802')) ending.abort();
    },
  };
  assert.equal(await run(['status', '--watch'], terminal, '9.9.9'), 0);
  assert.ok(pictures[0]!.startsWith('\x1b[H\x1b[Jshop  Umbra'));
  assert.match(pictures.at(-1)!, /UMB0802 control plane unreachable/);
  assert.ok(pictures.length >= 3);
});

test('a failed check is exit 1, with a hint on each line that failed', async (t) => {
  const { plane, home } = await start(t);
  plane.storeProblem = () => 'disk full';
  plane.mirror = () => ({ share: 1, mirrored: 0, dropped: {}, skipped: {}, compared: 0, differing: 0, alive: false });
  const { code, out } = await umbra(home, ['check']);
  assert.equal(code, 1);
  assert.match(out, /× store: writable: disk full\n {4}→ /);
  assert.match(out, /× shadow: mirrored traffic arrives: .*\n {4}→ The mirror filter is dead/);
  assert.match(out, /2 failed/);
});

test('text from elsewhere cannot steer the terminal', async (t) => {
  const { plane, home } = await start(t);
  plane.status_ = { ...plane.status_, notes: ['\x1b[2Jgone'] };
  const { out } = await umbra(home, ['status']);
  assert.ok(!out.includes('\x1b'));
  assert.match(out, /\\x1b\[2Jgone/);
});

test('reports and schemas are printed without anything running', async (t) => {
  const { plane, home } = await start(t);
  const file = join(home, 'report.json');
  writeFileSync(file, JSON.stringify(plane.report()));
  assert.match((await umbra('/nowhere', ['report', file])).out, /^Traffic[\s\S]*Production: 3 incidents/);
  writeFileSync(file, JSON.stringify({ ...plane.report(), notes: ['half of it is missing'] }));
  assert.match((await umbra('/nowhere', ['report', file])).out, /^note: half of it is missing\nTraffic/);
  const nobody = { ...plane.report().traffic, offered: 0, good: 0 };
  writeFileSync(file, JSON.stringify({ ...plane.report(), traffic: nobody }));
  assert.match((await umbra('/nowhere', ['report', file])).out, / 0 requests, 0 good \(–\);/);
  writeFileSync(file, JSON.stringify({ ...plane.report(), xds: { pushes: -1 } }));
  assert.match((await umbra('/nowhere', ['report', file])).err, /^UMB0807 not a report: .*xds/);
  assert.match((await umbra('/nowhere', ['report', join(home, 'none')])).err, /^UMB0807 .*ENOENT/);
  assert.equal(JSON.parse((await umbra('/nowhere', ['explain-schema', 'Application'])).out).type, 'object');
  assert.match((await umbra('/nowhere', ['explain-schema', 'Nothing'])).err, /^UMB0804 /);
  assert.equal((await umbra('/nowhere', ['--version'])).out, '9.9.9\n');
});

test('bootstrap joins a sidecar to the management server named, and to none by itself', async (t) => {
  const { home } = await start(t);
  const asked = ['bootstrap', '--service', 'cart', '--replica', '2'];
  const made = JSON.parse((await umbra('/nowhere', [...asked, '--xds', 'unix:/run/xds.sock'])).out);
  assert.equal(made.node.id, 'production/cart/2');
  assert.equal(made.node.cluster, 'cart');
  assert.match(JSON.stringify(made.staticResources), /\/run\/xds\.sock/);
  // The application that runs serves its own sidecars alone.
  const { code, out, err } = await umbra(home, asked);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^UMB0803 .*without --xds\n {2}→ .*every replica has its sidecar, and no other is served/);
  assert.match((await umbra('/nowhere', ['bootstrap', '--service', 'cart', '--xds', 'nonsense'])).err, /^UMB0803/);
  const given = await umbra('/nowhere', [
    'bootstrap',
    '--service',
    'cart',
    '--xds',
    '10.0.0.1:18000',
    '--admin',
    '/run/admin.sock',
  ]);
  assert.match(given.out, /"portValue": 18000/);
  assert.match(given.out, /"path": "\/run\/admin.sock"/);
});

test('bootstrap with mutual TLS wants all of it, and the name to look for', async (t) => {
  const { home } = await start(t);
  const path = (name: string) => join(home, name);
  const bootstrap = (...more: string[]) => umbra('/nowhere', ['bootstrap', '--service', 'cart', ...more]);
  const keys = ['--tls-cert', path('cert.pem'), '--tls-key', path('key.pem'), '--tls-ca', path('ca.pem')];
  const named = await bootstrap('--xds', 'mesh.example:18000', ...keys);
  assert.match(named.out, /"sni": "mesh.example"/);
  assert.match(named.out, /"type": "STRICT_DNS"/);
  const [trust] = JSON.parse(readFileSync(path('umbra-sds-trust.json'), 'utf8')).resources;
  assert.deepEqual(trust.validationContext, {
    trustedCa: { filename: path('ca.pem') },
    matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: 'mesh.example' } }],
    watchedDirectory: { path: home },
  });
  for (const [wrong, said] of [
    [['--xds', '10.0.0.1:18000', ...keys.slice(2)], /^UMB0803 .*certificate/],
    [['--xds', '10.0.0.1:18000', '--tls-name', 'mesh'], /^UMB0803 .*certificate/],
    [['--xds', 'unix:/run/xds.sock', ...keys], /^UMB0803 .*no name/],
    [['--xds', '10.0.0.1:18000', ...keys, '--tls-sds', path('nowhere')], /^UMB0803 .*ENOENT/],
  ] as const)
    assert.match((await bootstrap(...wrong)).err, said);
});
