import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority } from '../../test/xds/authority.ts';
import type { Certificates } from './rig.ts';

/**
 * Certificates for mutual TLS: all proxies share one, whose SPIFFE id covers nodes `proxy/…`. They are in a folder that `discard` removes,
 * and live for an hour.
 */
export async function makeCertificates(): Promise<Certificates & { discard: () => Promise<void> }> {
  const authority = await Authority.create('bench authority');
  const server = await authority.server();
  const client = await authority.spiffe('spiffe://bench.test/proxy');
  const folder = await mkdtemp(join(tmpdir(), 'umbra-bench-xds-'));
  await writeFile(join(folder, 'ca.pem'), authority.pem);
  await writeFile(join(folder, 'server.pem'), server.certificate);
  await writeFile(join(folder, 'server.key'), server.key, { mode: 0o600 });
  return {
    folder,
    client: { ca: authority.pem, cert: client.certificate, key: client.key, servername: 'localhost' },
    discard: () => rm(folder, { recursive: true }),
  };
}
