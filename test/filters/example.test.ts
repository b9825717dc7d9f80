/** docs/new-filter.md, followed: its source compiles, does what it says in Node and in Envoy, and needs what it lists. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileFilter } from '../../scripts/build-filters.ts';
import { abiExports, abiImports } from './abi-list.ts';
import { findEnvoy, startEnvoy } from './envoy-process.ts';
import { Exchange } from './exchange.ts';
import { FilterHost } from './harness.ts';
import { headerOf, request } from './requests.ts';
import { send } from './services.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const page = readFileSync(join(repository, 'docs/new-filter.md'), 'utf8');
mkdirSync(join(repository, 'filters', 'build'), { recursive: true });
const folder = mkdtempSync(join(repository, 'filters', 'build', 'example-'));
const path = join(folder, 'example.wasm');
let module: WebAssembly.Module;

/** The page's code blocks of a language. */
const blocks = (language: string) =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter((m) => m[1] === language).map((m) => m[2]!);

before(() => {
  assert.ok(compileFilter('filters/example/index.ts', relative(repository, path)), 'filters/example does not compile');
  module = new WebAssembly.Module(readFileSync(path));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('the page shows the source', () => {
  assert.equal(blocks('ts')[0], readFileSync(join(repository, 'filters/example/index.ts'), 'utf8'));
});

for (const [canary, tier] of [
  ['yes', 'canary'],
  ['no', 'stable'],
  ['yes, no', 'stable'],
  [undefined, 'stable'],
]) {
  test(`x-canary ${canary ?? 'absent'} is ${tier}, with two host calls`, () => {
    const host = new FilterHost(module);
    const root = host.configure({});
    assert.ok(root);
    const exchange = new Exchange(host, root);
    exchange.requestHeaders(request('GET', '/', canary === undefined ? {} : { 'x-canary': canary }), true);
    assert.equal(headerOf(exchange.request.headers, 'x-tier'), tier);
    assert.equal(host.count(), 2);
    exchange.end();
  });
}

test('its memory does not grow', () => {
  const host = new FilterHost(module);
  const root = host.configure({})!;
  const size = host.size;
  for (let i = 0; i < 2000; i++) {
    const exchange = new Exchange(host, root);
    exchange.requestHeaders(request('GET', '/', { 'x-canary': 'x'.repeat(500) }), true);
    exchange.end();
  }
  assert.ok(host.size <= size + 65_536);
});

test('it imports and exports what the ABI has, and needs the capabilities the page lists', () => {
  const imports = WebAssembly.Module.imports(module).map((i) => i.name);
  const exports = WebAssembly.Module.exports(module).map((e) => e.name);
  for (const name of imports) assert.ok(abiImports.has(name), name);
  for (const name of exports) assert.ok(abiExports.has(name), name);
  const callbacks = exports.filter((name) => name.startsWith('proxy_on_') && name !== 'proxy_on_memory_allocate');
  const listed = /"allowed_capabilities": (\{[\s\S]*?\n {28}\})/.exec(blocks('json')[0]!);
  assert.deepEqual(Object.keys(JSON.parse(listed![1]!)).sort(), [...imports, ...callbacks].sort());
});

const bin = findEnvoy();
test('the page’s Envoy runs it', { skip: bin ? false : 'no Envoy: set ENVOY_BIN or put envoy on PATH' }, async () => {
  const text = blocks('json')[0]!
    .replace('"port_value": 10000', '"port_value": 0')
    .replace('filters/build/example.wasm', path);
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  const envoy = await startEnvoy(bin!, { ...JSON.parse(text), admin });
  try {
    const tier = async (canary: string) =>
      (await send(envoy.ports.example!, '/', { headers: { 'x-canary': canary } })).headers['x-tier'];
    assert.equal(await tier('yes'), 'canary');
    assert.equal(await tier('no'), 'stable');
  } finally {
    await envoy.stop();
  }
});
