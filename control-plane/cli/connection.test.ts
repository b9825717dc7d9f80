import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findConnection } from './connection.ts';

/** A home with one application in it for each address: its API, and `token-N` in its token file. */
function homeWith(t: TestContext, ...apis: string[]): { UMBRA_HOME: string } {
  const home = mkdtempSync(join(tmpdir(), 'umbra-home-'));
  t.after(() => rmSync(home, { recursive: true }));
  for (const [i, api] of apis.entries()) {
    const folder = join(home, `app-${i}`);
    mkdirSync(folder);
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `token-${i}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'ready.json'), JSON.stringify({ api, tokenFile, pid: process.pid }));
  }
  return { UMBRA_HOME: home };
}

test('the one application that runs is found with its token', (t) => {
  const env = homeWith(t, 'http://127.0.0.1:7400');
  assert.deepEqual(findConnection({}, env), { url: 'http://127.0.0.1:7400', token: 'token-0' });
});

test('a token goes to the server it belongs to, by any name of this machine', (t) => {
  const env = homeWith(t, 'http://127.0.0.1:7400', 'http://127.0.0.1:7401');
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    assert.equal(findConnection({ api: `${host}:7401` }, env).token, 'token-1', host);
});

for (const api of ['http://10.0.0.5:7400', 'http://localhost.example.com:7400', 'http://127.0.0.1:7499'])
  test(`a token does not go to ${api}`, (t) => {
    const env = homeWith(t, 'http://127.0.0.1:7400');
    assert.deepEqual(findConnection({ api }, env), { url: api });
    assert.deepEqual(findConnection({}, { ...env, UMBRA_API: api }), { url: api });
  });

test('a home that is no folder is told by code, and keeps nobody from an address that is given', (t) => {
  const { UMBRA_HOME } = homeWith(t, 'http://127.0.0.1:7400');
  const env = { UMBRA_HOME: join(UMBRA_HOME, 'app-0', 'token') };
  assert.throws(() => findConnection({}, env), { code: 'UMB0802', message: /token cannot be read: ENOTDIR$/ });
  assert.deepEqual(findConnection({ api: '127.0.0.1:7400' }, env), { url: 'http://127.0.0.1:7400' });
});
