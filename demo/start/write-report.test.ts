import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Report } from '../../control-plane/api/report.schema.ts';
import { fetchReport, writeReport } from './write-report.ts';

const report = { traffic: { offered: 7 } } as Report;

/** An API that cuts its first answers off, as a control plane does that is killed and started again. */
async function api(t: TestContext, cut: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(req.url!);
    if (asked.length <= cut) req.socket.destroy();
    else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(report));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test('a control plane that is being started again is waited for', async (t) => {
  const { url, asked } = await api(t, 1);
  assert.deepEqual(await fetchReport(url), report);
  assert.deepEqual(asked, ['/api/v1/report', '/api/v1/report']);
});

test('one that does not come back is told, with a remedy', async (t) => {
  const { url } = await api(t, Number.POSITIVE_INFINITY);
  await assert.rejects(fetchReport(url, 0), { code: 'UMB0802', remedy: /./ });
});

test('a report that cannot be written is told, with a remedy', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'report.json');
  writeReport(path, report);
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), report);
  rmSync(folder, { recursive: true });
  assert.throws(() => writeReport(path, report), /could not be written: ENOENT[\s\S]*→ Give --report/);
});
