import { describeOrder, type Override, type OverrideOrder } from '../../mesh/record.ts';
import { duration, plain, table } from '../text/words.ts';
import type { Look } from './look.ts';

export interface OrderOptions {
  readonly reason?: string;
  readonly ttlMs?: number;
  readonly by?: string;
}

/** Gives an order and says until when it stands. */
export async function order(look: Look, what: OverrideOrder, { reason, ttlMs, by }: OrderOptions): Promise<number> {
  const { client, terminal, json } = look;
  const given = await client.post<Override>('/overrides', {
    order: what,
    by: by ?? terminal.user,
    ...(reason === undefined ? {} : { reason }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
  const once = what.type === 'undo' || what.type === 'approve';
  const stands = once
    ? 'done'
    : `stands for ${duration(given.expiresAt - terminal.now())}; umbra override cancel ${given.id}`;
  terminal.out(
    json
      ? JSON.stringify(given, null, 2)
      : `${terminal.paint.good('√')} ${plain(describeOrder(given.order))}: ${stands}`,
  );
  if (given.note !== undefined && !json) terminal.out(`  ${terminal.paint.warn(plain(given.note))}`);
  return 0;
}

export async function listOrders({ client, terminal, json }: Look): Promise<number> {
  const standing = await client.get<Override[]>('/overrides');
  const rows = standing.map((o) => [
    o.id,
    plain(describeOrder(o.order)),
    `by ${plain(o.by)}`,
    `${duration(o.expiresAt - terminal.now())} left`,
    plain(o.reason),
  ]);
  terminal.out(json ? JSON.stringify(standing, null, 2) : rows.length === 0 ? 'No order stands.' : table(rows));
  return 0;
}

export async function cancelOrder({ client, terminal, json }: Look, id: string, by = terminal.user): Promise<number> {
  await client.delete(`/overrides/${encodeURIComponent(id)}?by=${encodeURIComponent(by)}`);
  terminal.out(json ? JSON.stringify({ cancelled: id }) : `${terminal.paint.good('√')} ${plain(id)} no longer stands`);
  return 0;
}
