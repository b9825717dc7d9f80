import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { AuditEvent, ListenerScope, ManagementServerOptions, XdsEvents } from '../../control-plane/xds/index.ts';
import { createManagementServer } from '../../control-plane/xds/index.ts';
import { connect, DeltaStream, SotwStream } from './client.ts';

export * from './sample.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A management server on Unix sockets of its own, with clients; everything ends with the test. */
export async function fixture(t: TestContext, options: Partial<ManagementServerOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-xds-'));
  const audit: AuditEvent[] = [];
  const log: LogLine[] = [];
  const write = (level: string) => (fields: object, message: string) => void log.push({ level, fields, message });
  const server = createManagementServer({
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    clock: wallClock,
    identifier: 'umbra-test',
    onAudit: (event) => audit.push(event),
    ...options,
  });
  const addresses = new Map<ListenerScope, string>();
  for (const scope of ['production', 'shadow'] as const) {
    const { address } = await server.listen({ address: `unix:${join(folder, scope)}`, scope });
    addresses.set(scope, address);
  }
  const clients: grpc.Client[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const client = (scope: ListenerScope = 'production') => {
    const made = connect(addresses.get(scope)!);
    clients.push(made);
    return made;
  };
  return {
    server,
    audit,
    log,
    folder,
    client,
    /** Closes the client before the server. */
    adopt: (client: grpc.Client) => void clients.push(client),
    sotw: (scope?: ListenerScope, path?: string) => new SotwStream(client(scope), path),
    delta: (scope?: ListenerScope, path?: string) => new DeltaStream(client(scope), path),
    /** When so many acknowledgements have been counted. */
    acked: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (server.counters.acks < count) return;
          off();
          resolve();
        };
        const off = server.on('ack', look);
        look();
      }),
    /** The next event of a kind. */
    next: (kind: keyof XdsEvents) =>
      new Promise<void>((resolve) => {
        const off = server.on(kind, () => {
          off();
          resolve();
        });
      }),
  };
}
