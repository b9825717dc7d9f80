import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wallClock } from '../../../control-plane/mesh/clock.ts';
import type { Resource, TlsMaterial } from '../../../control-plane/xds/index.ts';
import { Credentials, createManagementServer, LayeredNodes } from '../../../control-plane/xds/index.ts';
import { eachLine } from '../lines.ts';
import type { WireCommand } from '../servers.ts';

// Umbra's management server as the bench runs it: told what to serve on standard input, like the peers beside it.

const { values } = parseArgs({ options: { tls: { type: 'string' } } });
const silent = () => {};
const server = createManagementServer({
  logger: { debug: silent, info: silent, warn: console.error, error: console.error },
  clock: wallClock,
  identifier: 'bench',
  onAudit: (event) => console.error(event),
});
const resources = new Map<string, Resource>();
const nodes = new LayeredNodes(server);

async function act(command: WireCommand): Promise<object> {
  switch (command.op) {
    case 'put':
      for (const r of command.resources)
        resources.set(`${r.typeUrl} ${r.name}`, { ...r, body: Buffer.from(r.body, 'base64') });
      nodes.replace([{ resources: [...resources.values()] }]);
      return {};
    case 'listen': {
      const tls = values.tls ? new Credentials(material(values.tls), wallClock) : undefined;
      const { address } = await server.listen({ address: '127.0.0.1:0', scope: 'production', ...(tls ? { tls } : {}) });
      return { port: Number(address.slice(address.lastIndexOf(':') + 1)) };
    }
    case 'gc':
      collectAll();
      return {};
  }
}

/** What the Go peers' debug.FreeOSMemory does: collects, and gives free pages back to the system. */
function collectAll(): void {
  const collect = globalThis.gc as unknown as (how: { type: 'major'; flavor: 'last-resort' }) => void;
  collect({ type: 'major', flavor: 'last-resort' });
}

function material(folder: string): TlsMaterial {
  const read = (name: string) => readFileSync(join(folder, name));
  return { certificate: read('server.pem'), key: read('server.key'), authorities: read('ca.pem') };
}

let queue = Promise.resolve();
eachLine(process.stdin, (line) => {
  const command = JSON.parse(line) as WireCommand;
  queue = queue.then(async () => {
    console.log(JSON.stringify({ done: command.op, ...(await act(command)) }));
  });
});
process.stdin.on('end', () => process.exit(0));
