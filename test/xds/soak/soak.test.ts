/** A little of `scripts/xds-soak.ts`: random valid updates to a real Envoy under load, the stream lost twice, the control plane killed once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak, unacknowledged } from './soak.ts';

for (const protocol of ['delta', 'sotw'] as const)
  test(`${protocol}: nothing breaks for who was there before and after`, { timeout: 290_000 }, async () => {
    const report = await soak({
      updates: 20,
      seed: 11,
      protocol,
      kills: 1,
      cuts: 2,
      validateEvery: 20,
      users: 2,
      pauseMs: 20,
    });
    assert.deepEqual(report.troubles, []);
    assert.deepEqual(report.broken, []);
    assert.equal(report.rejected, 0);
    assert.equal(unacknowledged(report), 0);
    assert.equal(report.kills, 1);
    assert.equal(report.cuts, 2);
    assert.equal(report.validated, 1);
    assert.ok(report.settled > 8 && report.counted > 8, `${report.settled} settled, ${report.counted} requests`);
  });
