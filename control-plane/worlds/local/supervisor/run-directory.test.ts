import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { UmbraError } from '../../../mesh/errors.ts';
import { RunDirectory, umbraHome } from './run-directory.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'umbra-run-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const unusable = (said: RegExp, remedy: RegExp) => (e: UmbraError) =>
  e.code === 'UMB0404' && said.test(e.message) && remedy.test(e.remedy);

// A file in the way stops root as well.
test('a home that cannot be made is named, with what to do', (t) => {
  const file = join(folder(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => new RunDirectory('shop', join(file, 'home')),
    unusable(/file\/home cannot be written: ENOTDIR/, /--home or UMBRA_HOME/),
  );
});

test('so is a run folder that cannot be written', (t) => {
  const run = new RunDirectory('shop', folder(t));
  writeFileSync(run.path, '');
  assert.throws(() => run.prepare([]), unusable(/shop cannot be written: /, /Let the user who runs it write there/));
});

test('and one whose sockets would have too long a path', (t) => {
  const run = new RunDirectory('shop', join(folder(t), 'x'.repeat(90)));
  assert.throws(() => run.prepare(['web']), unusable(/exceed 107 bytes/, /shorter folder/));
});

test('the home is UMBRA_HOME; one that is empty says nothing', () => {
  assert.equal(umbraHome({ UMBRA_HOME: '/elsewhere' }), '/elsewhere');
  for (const env of [{}, { UMBRA_HOME: '' }]) assert.equal(umbraHome(env), join(homedir(), '.umbra'));
});
