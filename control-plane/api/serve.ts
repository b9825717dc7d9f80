import type { FastifyInstance } from 'fastify';
import { UmbraError } from '../mesh/errors.ts';

/**
 * Listens on 127.0.0.1 and nowhere else; 0 = a free port. Returns the address, `http://127.0.0.1:PORT`.
 * @throws UmbraError UMB0401 where the port is taken
 */
export async function listenOnLoopback(api: FastifyInstance, port = 0): Promise<string> {
  try {
    return await api.listen({ host: '127.0.0.1', port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new UmbraError('UMB0401', `the API cannot have port ${port}`, { cause });
  }
}
