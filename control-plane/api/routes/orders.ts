import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { requireToken } from '../guard.ts';
import { completeOrder } from '../order.ts';
import type { Decider, Plane } from '../plane.ts';
import { OrderRequest, Override } from '../schemas/orders.ts';
import { Problem } from '../schemas/status.ts';

/** Everything that changes something: needs the token. */
export function orderRoutes(api: FastifyInstance, plane: Plane, token: string): void {
  const onRequest = async (request: FastifyRequest) => requireToken(request.headers, token);
  const common = { tags: ['orders'], security: [{ token: [] }] };
  const problems = { 400: Problem, 401: Problem, 404: Problem, 409: Problem };

  api.post<{ Body: OrderRequest }>(
    '/overrides',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Gives an order: freeze, mode, pin, forbid, undo, approve',
        body: OrderRequest,
        response: { 201: Override, ...problems },
      },
    },
    async ({ body }, reply) => {
      const given = await plane.override(completeOrder(body, plane));
      return reply.code(201).send(given);
    },
  );
  api.delete<{ Params: { id: string }; Querystring: { by?: string } }>(
    '/overrides/:id',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Takes a standing order back',
        params: Type.Object({ id: Type.String() }),
        querystring: Type.Object({ by: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })) }),
        response: { 204: Type.Null(), ...problems },
      },
    },
    async ({ params, query }, reply) => {
      await plane.cancelOverride(params.id, query.by ?? 'operator');
      return reply.code(204).send();
    },
  );
  api.put<{ Body: { decider: Decider; by?: string } }>(
    '/decider',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Who chooses mitigations: learned (the default), rules, or random to compare with',
        body: Type.Object(
          {
            decider: Type.Union([Type.Literal('learned'), Type.Literal('rules'), Type.Literal('random')]),
            by: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
          },
          { additionalProperties: false },
        ),
        response: { 204: Type.Null(), ...problems },
      },
    },
    async ({ body }, reply) => {
      plane.decideBy(body.decider, body.by ?? 'operator');
      return reply.code(204).send();
    },
  );
  api.post(
    '/token',
    {
      onRequest,
      schema: { ...common, summary: 'Whether the token is right', response: { 204: Type.Null(), 401: Problem } },
    },
    async (_request, reply) => reply.code(204).send(),
  );
}
