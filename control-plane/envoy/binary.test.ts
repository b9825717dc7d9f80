import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UmbraError } from '../mesh/errors.ts';
import { ENVOY_VERSION, findEnvoy, tooOld } from './binary.ts';

const directory = mkdtempSync(join(tmpdir(), 'umbra-binary-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function program(path: string, version = ENVOY_VERSION): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho "envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"\n`);
  chmodSync(path, 0o755);
  return path;
}
const given = program(join(directory, 'given/my-envoy'));
const onPath = program(join(directory, 'bin/envoy'));
const cacheDir = join(directory, 'cache');
const cached = program(join(cacheDir, `envoy-${ENVOY_VERSION}/envoy/_bin/envoy`));
const noEnvoy = (detail: RegExp) => (error: unknown) =>
  error instanceof UmbraError && error.code === 'UMB0201' && detail.test(error.message);

test('ENVOY_BIN before PATH before the cache', async () => {
  const PATH = join(directory, 'bin');
  assert.equal(await findEnvoy({ env: { ENVOY_BIN: given, PATH }, cacheDir }), given);
  assert.equal(await findEnvoy({ env: { PATH }, cacheDir }), onPath);
  assert.equal(await findEnvoy({ env: {}, cacheDir }), cached);
});

test('a wrong ENVOY_BIN is an error, not passed over', async () => {
  const ENVOY_BIN = join(directory, 'nothing-here');
  await assert.rejects(findEnvoy({ env: { ENVOY_BIN }, cacheDir }), noEnvoy(/ENVOY_BIN is .*nothing-here/));
});

test('where it cannot be installed, it says so and leaves nothing half done', async () => {
  const said: string[] = [];
  const empty = join(directory, 'empty');
  mkdirSync(empty);
  const options = {
    env: { PATH: empty },
    cacheDir: join(empty, 'cache'),
    onProgress: (line: string) => said.push(line),
  };
  await assert.rejects(findEnvoy(options), noEnvoy(/python3/));
  assert.match(said[0]!, /^installing Envoy 1\.40\.0 into /);
  await assert.rejects(findEnvoy(options), noEnvoy(/python3/));
});

test('an Envoy that is too old is an error where it was asked for, and passed over on PATH', async () => {
  const old = program(join(directory, 'old/envoy'), '1.30.2');
  await assert.rejects(
    findEnvoy({ env: { ENVOY_BIN: old }, cacheDir }),
    noEnvoy(/is Envoy 1\.30\.2, and 1\.39 or newer/),
  );
  const said: string[] = [];
  const found = await findEnvoy({
    env: { PATH: join(directory, 'old') },
    cacheDir,
    onProgress: (line) => said.push(line),
  });
  assert.equal(found, cached);
  assert.match(said[0]!, /old\/envoy is Envoy 1\.30\.2.*passed over/);
});

test('versions', () => {
  for (const fine of ['1.39.0', '1.40.1', '2.0.0']) assert.equal(tooOld(`version: c0ffee/${fine}/Clean`), undefined);
  assert.equal(tooOld('something of my own'), undefined);
  assert.match(tooOld('version: c0ffee/1.38.5-dev/Clean')!, /1\.38\.5/);
});
