/** How the build of istioctl ends where it cannot be had or is stopped. The build itself takes minutes and is not tested. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { istioctlBelow } from './build.ts';

const go = spawnSync('go', ['version']).status === 0;
const needsGo = { skip: !go && 'no Go' };
const BUILDING = /^building istioctl v\S+\n/;

/** The build with a cache folder of its own, and Go's modules still to be had. */
function build(t: TestContext, env: NodeJS.ProcessEnv) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-istioctl-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'umbra'));
  const start = () => {
    const child = execFile(process.execPath, [join(import.meta.dirname, 'build.ts')], {
      env: {
        ...process.env,
        XDG_CACHE_HOME: folder,
        GOMODCACHE: join(folder, 'modules'),
        GOTOOLCHAIN: 'local',
        ...env,
      },
    });
    let said = '';
    child.stderr!.on('data', (text: string) => {
      said += text;
    });
    return {
      child,
      ended: once(child, 'close').then(([code]) => ({ code: code as number, said: said.replace(BUILDING, '') })),
    };
  };
  return { folder, kept: () => readdirSync(join(folder, 'umbra')), start };
}

test('without Go, one line says so', async (t) => {
  const { kept, start } = build(t, { PATH: '/nonexistent' });
  const { code, said } = await start().ended;
  assert.deepEqual([code, said], [1, 'istioctl cannot be built: it needs Go, and there is none on PATH\n']);
  assert.deepEqual(kept(), []);
});

test('without a module, one line says which and why', needsGo, async (t) => {
  const { kept, start } = build(t, { GOPROXY: 'http://127.0.0.1:1' });
  const { code, said } = await start().ended;
  assert.equal(code, 1);
  assert.match(said, /^istioctl cannot be built: go build failed: istio\.io\/istio@v.*: connection refused\n$/);
  assert.deepEqual(kept(), []);
});

test('stopped half-way it ends with Go, and leaves nothing half-made', needsGo, async (t) => {
  const proxy = createServer().listen(0, '127.0.0.1'); // Takes connections, and never answers.
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  const { kept, start } = build(t, {
    GOPROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    GOSUMDB: 'off',
  });
  const { child, ended } = start();
  const [connection] = await once(proxy, 'connection');
  const closed = once(connection.resume(), 'close');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, {
    code: 1,
    said: 'istioctl cannot be built: stopped; the next build goes on from here\n',
  });
  await closed; // Go is gone as well.
  assert.deepEqual(kept(), []);
});

test('what a killed build left is discarded, what another build is writing is not', async (t) => {
  const { folder, kept, start } = build(t, { PATH: '/nonexistent' });
  const name = basename(dirname(istioctlBelow(folder)));
  const beyond = 2 ** 31 - 1; // No process has that number.
  for (const pid of [beyond, process.pid]) writeFileSync(join(folder, 'umbra', `${name}.${pid}`), '');
  await start().ended;
  assert.deepEqual(kept(), [`${name}.${process.pid}`]);
});
