import { services } from './index.ts';
import { serve } from './server.ts';

/** Environment variables that hold a peer's address: `URL_` and its name. */
export function peersFrom(env: NodeJS.ProcessEnv): Record<string, string> {
  const peers: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('URL_') && value) peers[name.slice(4).toLowerCase().replaceAll('_', '-')] = value;
  }
  return peers;
}

/**
 * Runs one replica until SIGTERM or SIGINT. Reads PORT, DATA, REPLICA and URL_<PEER>.
 * @throws Error for an unknown service or a missing variable
 */
export async function runService(name: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const definition = services[name ?? ''];
  if (!definition) throw new Error(`no service ${name}; there are ${Object.keys(services).join(', ')}`);
  const port = Number(env.PORT);
  if (!env.PORT || !Number.isInteger(port)) throw new Error('PORT is needed');
  if (!env.DATA) throw new Error('DATA is needed');
  const server = await serve(definition, {
    name: name!,
    port,
    data: env.DATA,
    replica: env.REPLICA ?? '0',
    peers: peersFrom(env),
  });
  console.log(`${name} listens on ${server.port}`);
  const stop = () => void server.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
