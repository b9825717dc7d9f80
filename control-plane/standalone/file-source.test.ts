import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSource } from './file-source.ts';

const cluster = (name: string) =>
  JSON.stringify({ '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name, connect_timeout: '1s' });

test('a file that cannot be read is told by code, once, and read when it can be', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'a.yaml'), cluster('a'));
  const told: string[] = [];
  /** Comes when it waits for its next look; called, it looks. */
  let waits = Promise.withResolvers<() => void>();
  const source = new FileSource(
    { set: () => {}, forget: () => {}, on: () => () => {} },
    {
      paths: [folder],
      clock: { now: () => 0, sleep: () => new Promise((resolve) => waits.resolve(resolve)) },
      logger: { info: (_, message) => void told.push(message), error: (_, message) => void told.push(message) },
    },
  );
  const look = async () => {
    const go = await waits.promise;
    waits = Promise.withResolvers();
    go();
    await waits.promise;
  };
  await source.load();
  const watching = source.watch();
  mkdirSync(join(folder, 'b.yaml'));
  await assert.rejects(source.load(), { code: 'UMB0102', message: /b\.yaml: EISDIR/ });
  for (let i = 0; i < 3; i++) await look();
  assert.equal(told.length, 1);
  assert.match(told[0]!, /what was served before stays: .*b\.yaml: EISDIR/);
  rmdirSync(join(folder, 'b.yaml'));
  writeFileSync(join(folder, 'b.yaml'), cluster('b'));
  await look();
  assert.equal(told[1], 'files changed: serving what they say');
  source.close();
  (await waits.promise)();
  await watching;
});
