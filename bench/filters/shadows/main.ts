import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { badShadows } from '../../../test/filters/bad-shadows.ts';
import { GONE, WELL } from './names.ts';

// The process the shadows live in: what they do must not take the load's time. It has the lowest priority, as a shadow has, and
// ends with the bench.

setPriority(19);
process.once('disconnect', () => process.exit());

/** The port of a server that does this with each request. */
async function shadow(behave: (res: ServerResponse) => void): Promise<number> {
  const server = createServer((req, res) => {
    req.on('error', () => {});
    req.resume().on('end', () => behave(res));
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function nobody(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const answer = (res: ServerResponse) => {
  res.setHeader('content-type', 'application/json');
  res.end('{"id":4711,"state":"accepted"}');
};
const ports: Record<string, number> = { [WELL]: await shadow(answer), [GONE]: await nobody() };
for (const [name, behave] of Object.entries(badShadows)) ports[name] = await shadow(behave);
process.send!(ports);
