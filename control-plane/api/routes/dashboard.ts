import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Nothing but our own script runs on the page, and nobody may frame it (a click on "undo" must be the operator's). */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the built dashboard at /, or says in words that it is not built. */
export async function dashboardRoutes(api: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(`${folder}/index.html`)) {
    api.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .code(503)
        .type('text/plain')
        .send('The dashboard is not built: npm run build:dashboard\nThe API is at /api/v1/openapi.json\n'),
    );
    return;
  }
  await api.register(fastifyStatic, {
    root: folder,
    // Built assets carry their hash in the name; the page itself must be asked for anew after an update.
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', policy);
    },
  });
}
