import Type, { type Static } from 'typebox';
import { Mitigation, Mode, Time } from './domain.ts';

const strict = { additionalProperties: false };
const Id = Type.String({ minLength: 1, maxLength: 200 });

/** An operator's order; the same shape as mesh's `OverrideOrder`. */
export const Order = Type.Union([
  Type.Object(
    { type: Type.Literal('freeze'), service: Type.Optional(Id) },
    { ...strict, description: 'No new mitigation: of one service, or of all' },
  ),
  Type.Object({ type: Type.Literal('mode'), service: Id, mode: Mode }, strict),
  Type.Object(
    { type: Type.Literal('pin'), mitigation: Mitigation },
    { ...strict, description: 'Keeps this mitigation in force in production' },
  ),
  Type.Object(
    { type: Type.Literal('forbid'), what: Id },
    { ...strict, description: 'Never this kind, or kind@target: retry, retry@web>cart' },
  ),
  Type.Object({ type: Type.Literal('undo'), lease: Id }, { ...strict, description: 'Takes a lease back at once' }),
  Type.Object(
    { type: Type.Literal('approve'), decision: Id },
    { ...strict, description: 'Carries out a decision that waits for approval' },
  ),
]);
export type Order = Static<typeof Order>;

/** Body of POST /api/v1/overrides. */
export const OrderRequest = Type.Object(
  {
    order: Order,
    by: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'For the audit log; default operator' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 1000 })),
    ttlMs: Type.Optional(
      Type.Integer({ minimum: 1000, maximum: 30 * 86_400_000, description: 'Default: by the type of order' }),
    ),
  },
  strict,
);
export type OrderRequest = Static<typeof OrderRequest>;

export const Override = Type.Object({
  id: Type.String(),
  order: Order,
  by: Type.String(),
  reason: Type.String(),
  createdAt: Time('Given'),
  expiresAt: Time('Ends by itself'),
  note: Type.Optional(Type.String({ description: 'What its giver should know: that it could not be written, say' })),
});

const HOUR = 3_600_000;
/** How long an order stands where the operator does not say. */
export const defaultTtlMs: Record<Order['type'], number> = {
  freeze: HOUR,
  mode: 24 * HOUR,
  pin: HOUR,
  forbid: 24 * HOUR,
  undo: HOUR / 6,
  approve: HOUR / 6,
};
