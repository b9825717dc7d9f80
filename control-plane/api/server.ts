import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { assets } from '../assets.ts';
import { UmbraError } from '../mesh/errors.ts';
import { requireLoopback } from './guard.ts';
import { createMetrics } from './metrics.ts';
import type { Plane } from './plane.ts';
import { problemOf } from './problem.ts';
import { dashboardRoutes } from './routes/dashboard.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { orderRoutes } from './routes/orders.ts';
import { readRoutes } from './routes/read.ts';
import { useSchemas } from './validate.ts';

export { listenOnLoopback } from './serve.ts';

export interface ApiOptions {
  readonly plane: Plane;
  /** Needed by whatever changes something, as `Authorization: Bearer TOKEN`. At least 16 characters. */
  readonly token: string;
  /** pino, or nothing. */
  readonly logger?: FastifyBaseLogger;
  /** The built dashboard; default: where the build puts it. */
  readonly dashboard?: string;
}

/**
 * The HTTP API, its description, the metrics and the dashboard over a plane. It does not listen yet: {@link listenOnLoopback}.
 * Errors are `{ code, message, remedy }`. Closing it ends event streams as well.
 */
export async function createApi({
  plane,
  token,
  logger,
  dashboard = assets.dashboard,
}: ApiOptions): Promise<FastifyInstance> {
  if (token.length < 16) throw new Error('the API token is too short');
  const api = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 300 },
  }) as unknown as FastifyInstance;
  useSchemas(api);
  const metrics = createMetrics(plane);
  api.addHook('onClose', async () => metrics.close());
  api.addHook('onRequest', async (request) => requireLoopback(request.headers));
  api.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  api.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (!problem) {
      request.log.error({ err: error, url: request.url }, 'the API failed');
      const { code, message, remedy } = new UmbraError('UMB0809', 'the details are in the log');
      return reply.code(500).send({ code, message, remedy });
    }
    return reply.code(problem.status).send(problem.body);
  });
  api.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      code: 'UMB0804',
      message: `no such record: ${request.method} ${request.url} leads nowhere`,
      remedy: '/api/v1/openapi.json lists what there is.',
    }),
  );
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Umbra',
        version: plane.status().version,
        description: 'A self-healing shadow for service meshes. Reading is open on loopback; orders need the token.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  });
  await api.register(
    async (v1) => {
      readRoutes(v1, plane);
      orderRoutes(v1, plane, token);
      eventRoutes(v1, plane);
      v1.get('/openapi.json', { schema: { hide: true } }, async () => api.swagger());
    },
    { prefix: '/api/v1' },
  );
  healthRoutes(api, plane, metrics.registry);
  await dashboardRoutes(api, dashboard);
  return api;
}
