import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

// The published package, as somebody gets it: packed, installed into an empty folder, run from there.

const root = resolve(import.meta.dirname, '../..');
// Short: Unix sockets live below it.
const folder = mkdtempSync(join(tmpdir(), 'umbra-pkg-'));
const home = join(folder, 'h');
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  UMBRA_HOME: home,
  npm_config_onnxruntime_node_install: 'skip',
};
let up: ChildProcess | undefined;

after(async () => {
  if (up && up.exitCode === null) {
    const ended = new Promise((done) => up!.once('exit', done));
    up.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 64 << 20 });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

const umbra = join(folder, 'node_modules/.bin/umbra');

before(() => {
  run('npm', ['pack', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((f) => f.endsWith('.tgz'))!;
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball)], folder);
});

test('umbra --version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(run(umbra, ['--version'], folder).trim(), version);
});

test('the management server runs alone, as a command and as an import', () => {
  const cluster = '{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "a", "type": "STATIC"}';
  writeFileSync(join(folder, 'resources.json'), cluster);
  assert.match(run(umbra, ['xds', '-f', 'resources.json', '--check'], folder), /1 resources? in 1 file/);
  const script =
    "import { readDocuments } from 'umbra-mesh/xds'; console.log(readDocuments(process.argv[1], 'x').problems.length)";
  assert.equal(run(process.execPath, ['--input-type=module', '-e', script, cluster], folder).trim(), '0');
});

test('it holds compiled code, filters, model and dashboard, and no sources', () => {
  const own = join(folder, 'node_modules/umbra-mesh');
  for (const path of [
    'dist/filters/build/mirror.wasm',
    'dist/filters/build/chaos.wasm',
    'dist/models/policy.onnx',
    'dist/dashboard/build/index.html',
    'dist/control-plane/main.js',
  ]) {
    assert.ok(existsSync(join(own, path)), path);
  }
  const sources = readdirSync(own, { recursive: true, encoding: 'utf8' }).filter(
    (f) => /\.ts$/.test(f) && !/\.d\.ts$/.test(f) && !f.includes('node_modules'),
  );
  assert.deepEqual(sources, []);
});

test('umbra up runs a two-service application from there', async () => {
  mkdirSync(join(folder, 'app'));
  writeFileSync(
    join(folder, 'app/web.mjs'),
    `import http from 'node:http';
http.createServer(async (q, s) => {
  if (q.url === '/healthz') return s.end('ok');
  const r = await fetch(process.env.BACK + '/hello');
  s.writeHead(r.status).end('web+' + await r.text());
}).listen(Number(process.env.PORT), '127.0.0.1');`,
  );
  writeFileSync(
    join(folder, 'app/back.mjs'),
    `import http from 'node:http';
http.createServer((q, s) => s.end('back')).listen(Number(process.argv[2]), '127.0.0.1');`,
  );
  writeFileSync(
    join(folder, 'app/app.yaml'),
    `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: pair }
spec:
  entry: { service: web }
  services:
    web:
      command: [node, web.mjs]
      env: { PORT: '{{port}}', BACK: '{{url.back}}' }
      calls: { back: { timeout: 10s } }
      health: { path: /healthz }
    back:
      command: [node, back.mjs, '{{port}}']
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: pair-shadow }
spec:
  application: pair
  isolation: declared
`,
  );
  const lines: string[] = [];
  up = spawn(umbra, ['up', '-f', 'app/app.yaml'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [up.stdout!, up.stderr!]) stream.on('data', (d) => lines.push(String(d)));
  const file = join(home, 'pair/ready.json');
  for (let i = 0; i < 2400 && !existsSync(file); i++) {
    assert.equal(up.exitCode, null, lines.join(''));
    await sleep(100);
  }
  assert.ok(existsSync(file), lines.join(''));
  const { entry } = JSON.parse(readFileSync(file, 'utf8')) as { entry: { host: string; port: number } };
  const answer = await fetch(`http://${entry.host}:${entry.port}/`);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), 'web+back');
  const status = JSON.parse(run(umbra, ['status', '--json'], folder)) as {
    application?: string;
    status?: { application: string };
  };
  assert.equal(status.application ?? status.status?.application, 'pair');
});
