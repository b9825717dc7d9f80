import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import type { Plane } from '../plane.ts';

/** For machines: liveness, readiness, Prometheus. */
export function healthRoutes(api: FastifyInstance, plane: Plane, registry: Registry): void {
  api.get('/healthz', { schema: { summary: 'The process answers', tags: ['health'] } }, async () => ({ ok: true }));
  api.get('/readyz', { schema: { summary: 'Production is observed', tags: ['health'] } }, async (_request, reply) => {
    const { ready, notes } = plane.status().worlds.production;
    return reply.code(ready ? 200 : 503).send({ ready, notes });
  });
  api.get('/metrics', { schema: { summary: 'Prometheus', tags: ['health'] } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await Registry.merge([registry, ...(plane.registries ?? [])]).metrics()),
  );
}
