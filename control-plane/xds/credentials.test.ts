import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authority } from '../../test/xds/authority.ts';
import { wallClock } from '../mesh/clock.ts';
import { UmbraError } from '../mesh/errors.ts';
import { watchCredentials } from './credential-files.ts';
import type { CredentialsChange } from './credentials.ts';
import { Credentials } from './credentials.ts';

const unusable = (error: unknown) => error instanceof UmbraError && error.code === 'UMB0308';

test('a replacement is told to who asked, and whether trust is concerned', async () => {
  const [one, other] = [await Authority.create('one'), await Authority.create('other')];
  const material = await one.server();
  const credentials = new Credentials(material, wallClock);
  const changes: CredentialsChange[] = [];
  const off = credentials.onChange((change) => changes.push(change));
  assert.equal(credentials.replace({ ...material }), false, 'the same again is no change');
  const renewed = await one.server();
  assert.equal(credentials.replace(renewed), true);
  assert.equal(credentials.replace({ ...renewed, authorities: Buffer.concat([one.pem, other.pem]) }), true);
  assert.equal(credentials.replace({ ...credentials.material, revoked: await one.revoke(material) }), true);
  assert.deepEqual(
    changes.map((c) => c.trust),
    [false, true, true],
  );
  off();
  credentials.replace(material);
  assert.equal(changes.length, 3);
});

test('what cannot work is refused, and the last good stays', async () => {
  const authority = await Authority.create();
  const [good, another] = [await authority.server(), await authority.server()];
  const credentials = new Credentials(good, wallClock);
  for (const bad of [
    { ...good, key: another.key },
    { ...good, certificate: Buffer.from('nonsense') },
    { ...good, key: Buffer.from('') },
    { ...good, authorities: Buffer.from('') },
    { ...good, revoked: Buffer.from('nonsense') },
    await authority.server({ to: -1000 }),
  ]) {
    assert.throws(() => credentials.replace(bad), unusable);
    assert.throws(() => new Credentials(bad, wallClock), unusable);
    assert.equal(credentials.material, good);
  }
});

test('files are taken over as soon as they fit each other; what does not fit is reported once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-credentials-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = {
    certificate: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
    authorities: join(folder, 'ca.crt'),
  };
  const authority = await Authority.create();
  const [first, second] = [await authority.server(), await authority.server()];
  const write = (part: keyof typeof files, from: typeof first) => writeFileSync(files[part], from[part]);
  const errors: string[] = [];
  // A clock whose sleeps end when the test says so.
  let wake: () => void = () => {};
  const clock = { now: wallClock.now, sleep: () => new Promise<void>((resolve) => (wake = resolve)) };
  const logger = { info() {}, error: (_: object, message: string) => void errors.push(message) };

  await assert.rejects(watchCredentials(files, { clock, logger }), unusable);
  for (const part of ['certificate', 'key', 'authorities'] as const) write(part, first);
  const watched = await watchCredentials(files, { clock, logger });
  t.after(() => watched.close());

  write('certificate', second);
  assert.equal(await watched.reload(), false);
  assert.equal(await watched.reload(), false);
  assert.equal(errors.length, 1);
  assert.deepEqual(watched.credentials.material.certificate, first.certificate);

  write('key', second);
  const replaced = new Promise<CredentialsChange>((resolve) => watched.credentials.onChange(resolve));
  wake();
  assert.deepEqual((await replaced).material.certificate, second.certificate);
});
