import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { start } from './run.ts';

/** A folder, and a shop and an Umbra that are there at once and answer well. */
async function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-start-'));
  process.env.UMBRA_HOME = folder;
  const server = createServer((req, res) => {
    const report = { traffic: {}, shadow: {}, production: { incidents: [] } };
    res.writeHead(req.url === '/orders/none' ? 404 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(report));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const entry = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const url = `http://127.0.0.1:${entry.port}`;
  const ready = { dashboard: url, api: url, tokenFile: '', entry, pid: 0, runId: 'r' };
  const running = { ended: new Promise<number>(() => {}), stop: async () => {}, kill: () => {} };
  const system = {
    prepare: async () => {},
    startProviderProcess: async () => ({ url, child: { ...running, pid: 0 } }),
    documentFor: () => 'app.yaml',
    startUmbra: async () => ({ ...running, ready }),
  };
  return { folder, system };
}
const options = { forMs: 1, troubles: [], rate: 1, load: false };

test('a run whose report is written ends well', async (t) => {
  const { folder, system } = await place(t);
  const report = join(folder, 'report.json');
  assert.equal(await start({ ...options, report }, system), 0);
  assert.equal(JSON.parse(readFileSync(report, 'utf8')).production.falseAlarms, 0);
});

test('a run whose report cannot be written fails', async (t) => {
  const { folder, system } = await place(t);
  assert.equal(await start({ ...options, report: join(folder, 'gone', 'report.json') }, system), 1);
});

test('a start that is broken off is no failure', async (t) => {
  const { system } = await place(t);
  const startUmbra: typeof system.startUmbra = (_file?: string, more?: { signal: AbortSignal }) =>
    new Promise((_, reject) => {
      more!.signal.addEventListener('abort', () => reject(more!.signal.reason));
      process.emit('SIGTERM');
    });
  assert.equal(await start(options, { ...system, startUmbra }), 0);
});

test('a run whose provider ends by itself ends with it, and fails', async (t) => {
  const { system } = await place(t);
  const startProviderProcess: typeof system.startProviderProcess = async () => {
    const { url, child } = await system.startProviderProcess();
    return { url, child: { ...child, ended: Promise.resolve(1) } };
  };
  assert.equal(await start({ ...options, forMs: 2000 }, { ...system, startProviderProcess }), 1);
});
