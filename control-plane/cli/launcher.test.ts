import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from './version.ts';

const launcher = fileURLToPath(new URL('../../bin/umbra.js', import.meta.url));
/** Makes the process believe it is an older Node; what it starts is what it is. */
const old = "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.1.0'}})";

async function launch(args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { UMBRA_LAUNCHED: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { env });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

/** The launcher alone in a folder, as in a package whose sources are elsewhere. */
function alone(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-launcher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(launcher, join(folder, 'bin/umbra.js'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

test('the launcher runs the sources', async () => {
  assert.deepEqual(await launch([launcher, '--version']), { code: 0, out: `${version()}\n`, err: '' });
  assert.match(version(), /^\d+\.\d+\.\d+/);
});

test('under an older Node it starts the Node that came with the dependencies', async () => {
  assert.deepEqual(await launch(['--import', old, launcher, '--version']), { code: 0, out: `${version()}\n`, err: '' });
  assert.equal((await launch(['--import', old, launcher, 'explode'])).code, 2, 'its exit code is handed on');
});

test('under an older Node alone it says what is missing', async (t) => {
  const { code, out, err } = await launch(['--import', old, join(alone(t), 'bin/umbra.js'), '--version']);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^UMB0806 Node is too old: this is 20\.1\.0, Umbra needs 24 or later\n {2}→ /);
});

test('in the published package it runs what was compiled', async (t) => {
  const folder = alone(t);
  mkdirSync(join(folder, 'dist/control-plane/cli'), { recursive: true });
  writeFileSync(
    join(folder, 'dist/control-plane/cli/main.js'),
    'export const main = (args) => console.log("compiled", args.join(" "));',
  );
  assert.deepEqual(await launch([join(folder, 'bin/umbra.js'), 'status']), {
    code: 0,
    out: 'compiled status\n',
    err: '',
  });
});
