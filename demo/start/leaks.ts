import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { productionData } from '../home.ts';
import type { Traces } from '../load/users.ts';
import { CARTS, type CartRecord } from '../services/cart.ts';
import { ORDERS, type OrderRecord } from '../services/checkout.ts';
import { RESERVATIONS, type ReservationRecord } from '../services/inventory.ts';
import { readRecords } from '../services/journal.ts';
import { PAYMENTS, type PaymentRecord } from '../services/payments.ts';

/** Everything the shop wrote down, over all replicas. */
export interface ShopState {
  readonly carts: readonly CartRecord[];
  readonly orders: readonly OrderRecord[];
  readonly reservations: readonly ReservationRecord[];
  readonly payments: readonly PaymentRecord[];
}

/** Production's state, read from its services' folders. */
export function readShop(home: string): ShopState {
  const all = <T>(service: string, file: string): T[] =>
    foldersIn(productionData(home, service)).flatMap((folder) => readRecords<T>(join(folder, file)));
  return {
    carts: all('cart', CARTS),
    orders: all('checkout', ORDERS),
    reservations: all('inventory', RESERVATIONS),
    payments: [...all<PaymentRecord>('payments', PAYMENTS), ...all<PaymentRecord>('payments-standby', PAYMENTS)],
  };
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/**
 * Records that are in `after` and not in `before` and that the load did not make: a credential it never used, a session
 * nobody was given, an idempotency-key it never sent. A copy that reached production shows by its pseudonym.
 */
export function leaksIn(before: ShopState, after: ShopState, traces: Traces): string[] {
  const sessions = new Set<string>();
  const leaks: string[] = [];
  for (const record of added(before.carts, after.carts)) {
    if (record.type === 'session') {
      if (traces.accounts.has(record.account)) sessions.add(record.session);
      else leaks.push(`session ${record.session} of ${record.account}`);
    } else if (!sessions.has(record.session)) leaks.push(`${record.type} in the cart of ${record.session}`);
  }
  for (const { order, key, session } of added(before.orders, after.orders))
    if (!traces.isKey(key) || !sessions.has(session)) leaks.push(`order ${order}`);
  for (const { order, key } of added(before.reservations, after.reservations))
    if (!traces.isKey(key)) leaks.push(`reservation for ${order}`);
  for (const { payment, key } of added(before.payments, after.payments))
    if (!traces.isKey(key)) leaks.push(`payment ${payment}`);
  return leaks;
}

/** By content, because replicas that are added bring files of their own. */
function added<T>(before: readonly T[], after: readonly T[]): T[] {
  const counts = new Map<string, number>();
  for (const record of before) {
    const text = JSON.stringify(record);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return after.filter((record) => {
    const text = JSON.stringify(record);
    const left = counts.get(text) ?? 0;
    if (left > 0) counts.set(text, left - 1);
    return left === 0;
  });
}
