import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManagementServer, wallClock } from '../../standalone/index.ts';
import { serveMetrics } from './metrics.ts';

const server = () =>
  createManagementServer({
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    clock: wallClock,
    identifier: 'test',
    version: '0',
    onAudit: () => {},
  });

test('a port that is taken is told from an address that cannot be had', async (t) => {
  const page = await serveMetrics(server(), '127.0.0.1:0');
  t.after(() => page.close());
  await assert.rejects(serveMetrics(server(), new URL(page.url).host), { code: 'UMB0401' });
  // Of documentation (RFC 5737): no machine has it.
  await assert.rejects(serveMetrics(server(), '192.0.2.1:0'), {
    code: 'UMB0803',
    message: /192\.0\.2\.1:0: .*EADDRNOTAVAIL/,
  });
});
