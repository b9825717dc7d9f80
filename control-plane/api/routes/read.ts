import type { FastifyInstance } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { codes } from '../../mesh/codes.ts';
import { UmbraError } from '../../mesh/errors.ts';
import { checkPlane } from '../check.ts';
import { explain } from '../explain.ts';
import { Application, Shadow } from '../kinds/application.ts';
import { type Plane, type SeenWorld, seenWorlds } from '../plane.ts';
import { Report } from '../report.schema.ts';
import * as domain from '../schemas/domain.ts';
import { Override } from '../schemas/orders.ts';
import * as status from '../schemas/status.ts';

const limited = (fallback: number) =>
  Type.Object(
    { limit: Type.Integer({ minimum: 1, maximum: 5000, default: fallback }) },
    { additionalProperties: false },
  );
const since = Type.Optional(Type.Number({ description: 'ms since the epoch' }));
const withId = Type.Object({ id: Type.String() });
const withWorld = Type.Object({ world: domain.World });

/** Everything that is only looked at: open on loopback, no token. */
export function readRoutes(api: FastifyInstance, plane: Plane): void {
  const get = (path: string, summary: string, response: TSchema, answer: () => unknown) =>
    api.get(path, { schema: { summary, tags: ['state'], response: { 200: response } } }, async () => answer());

  get('/status', 'How everything is', status.Status, () => plane.status());
  get('/check', 'Probes data, not processes', Type.Array(status.Check), () => checkPlane(plane));
  get('/topology', 'The application’s graph', Type.Unknown(), () => plane.topology());
  get('/patterns', 'Plans that healed, with their evidence', Type.Array(domain.Pattern), () =>
    plane.records.patterns.list(),
  );
  get('/overrides', 'Standing orders', Type.Array(Override), () => plane.overrides());
  get('/learning', 'The learner', status.Learning, () => plane.learning());
  get('/fidelity', 'How far the shadow answers as production does', status.Fidelity, () => plane.fidelity());
  get('/mirror', 'Copies of requests', status.Mirror, () => plane.mirror());
  get('/report', 'What was done since the run’s start', Report, () => plane.report());
  get('/codes', 'Every diagnostic with its remedy', Type.Unknown(), () => codes);

  for (const [name, answer, response] of [
    ['snapshot', (w: SeenWorld) => plane.latest(w), domain.Snapshot],
    ['leases', (w: SeenWorld) => plane.leases(w), Type.Array(domain.Lease)],
  ] as const) {
    api.get<{ Params: { world: SeenWorld } }>(
      `/worlds/:world/${name}`,
      {
        schema: { summary: `The ${name} of a world`, tags: ['worlds'], params: withWorld, response: { 200: response } },
      },
      async ({ params: { world } }) => {
        const value = answer(world);
        if (value === undefined) throw new UmbraError('UMB0804', whyEmpty(plane, world));
        return value;
      },
    );
  }

  api.get<{ Params: { world: SeenWorld }; Querystring: { seconds: number } }>(
    '/worlds/:world/history',
    {
      schema: {
        summary: 'A world’s last windows, and what was in force in them',
        tags: ['worlds'],
        params: withWorld,
        querystring: Type.Object(
          { seconds: Type.Integer({ minimum: 1, maximum: 900, default: 900 }) },
          { additionalProperties: false },
        ),
        response: { 200: status.History },
      },
    },
    async ({ params: { world }, query: { seconds } }) => {
      const { points, spans } = plane.history(world);
      const from = (points.at(-1)?.at ?? 0) - seconds * 1000;
      return { points: points.filter((p) => p.at > from), spans: spans.filter((s) => (s.to ?? from) >= from) };
    },
  );

  for (const [name, schema] of [
    ['incidents', domain.Incident],
    ['decisions', domain.Decision],
    ['episodes', domain.Episode],
  ] as const) {
    const tags = ['records'];
    api.get<{ Querystring: { limit: number; since?: number } }>(
      `/${name}`,
      {
        schema: {
          summary: `${name}, newest first`,
          tags,
          querystring: Type.Object({ ...limited(50).properties, since }, { additionalProperties: false }),
          response: { 200: Type.Array(schema) },
        },
      },
      async ({ query }) => plane.records[name].list(query),
    );
    api.get<{ Params: { id: string } }>(
      `/${name}/:id`,
      { schema: { summary: `One of the ${name}`, tags, params: withId, response: { 200: schema } } },
      async ({ params: { id } }) => {
        const found = plane.records[name].get(id);
        if (!found) throw new UmbraError('UMB0804', `there is no ${name.slice(0, -1)} ${id}`);
        return found;
      },
    );
  }
  api.get<{ Params: { id: string } }>(
    '/incidents/:id/explain',
    { schema: { summary: 'Why this and not that', tags: ['records'], params: withId } },
    async ({ params }) => explain(plane.records, params.id),
  );
  api.get<{ Querystring: { limit: number; afterSeq?: number } }>(
    '/audit',
    {
      schema: {
        summary: 'The append-only audit log, newest first',
        tags: ['records'],
        querystring: Type.Object(
          {
            ...limited(100).properties,
            afterSeq: Type.Optional(
              Type.Integer({ minimum: 0, description: 'Only what came after it, from the next on: for who follows.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Array(domain.AuditEntry) },
      },
    },
    async ({ query }) => plane.records.audit.list(query),
  );
  api.get<{ Querystring: { limit: number; since?: number } }>(
    '/ledger',
    {
      schema: {
        summary: 'The chaos budget’s ledger, newest first',
        tags: ['records'],
        querystring: Type.Object({ ...limited(100).properties, since }, { additionalProperties: false }),
        response: { 200: Type.Array(domain.LedgerEntry) },
      },
    },
    async ({ query }) => plane.records.ledger.list(query),
  );
  const kinds: Record<string, TSchema> = { Application, Shadow, Report };
  api.get<{ Params: { kind: string } }>(
    '/schemas/:kind',
    { schema: { summary: 'JSON schema of a kind', tags: ['kinds'], params: Type.Object({ kind: Type.String() }) } },
    async ({ params: { kind } }) => {
      if (!Object.hasOwn(kinds, kind)) {
        throw new UmbraError('UMB0804', `there is no kind ${kind}; there are ${Object.keys(kinds).join(', ')}`);
      }
      return kinds[kind];
    },
  );
}

function whyEmpty(plane: Plane, world: SeenWorld): string {
  const { present, notes } = plane.status().worlds[world];
  return present
    ? `${seenWorlds.includes(world) ? world : 'this world'} has had no window yet`
    : `there is no ${world}: ${notes.join('; ') || 'no reason given'}`;
}
