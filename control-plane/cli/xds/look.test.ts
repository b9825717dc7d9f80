import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { paint } from '../text/words.ts';
import { DEFAULT_ADDRESS } from './client.ts';
import { findServer } from './look.ts';

test('where nobody says which server, it is the running application’s; `umbra xds` alone only where none runs', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'umbra-home-'));
  t.after(() => rmSync(home, { recursive: true }));
  const never = new AbortController().signal;
  const silent = { paint: paint(false), out: () => {}, err: () => {}, now: () => 0, stop: never, user: 'carol' };
  const terminal = { ...silent, env: { UMBRA_HOME: home } };
  const starts = (name: string) => {
    mkdirSync(join(home, name));
    writeFileSync(
      join(home, name, 'ready.json'),
      JSON.stringify({ api: 'http://127.0.0.1:1', tokenFile: '/nowhere', pid: process.pid }),
    );
  };
  assert.equal(await findServer(terminal, undefined), DEFAULT_ADDRESS);
  starts('one');
  await assert.rejects(findServer(terminal, undefined), { code: 'UMB0802', message: /:1 does not answer/ });
  starts('two');
  await assert.rejects(findServer(terminal, undefined), { code: 'UMB0802', message: /several applications run/ });
  assert.equal(await findServer(terminal, '127.0.0.1:2'), '127.0.0.1:2');
});
