import { join } from 'node:path';
import { accountOf, guestOf, newId } from './ids.ts';
import { Journal } from './journal.ts';
import { type Line, lineOf } from './lines.ts';
import { type Call, Refusal, type ServiceDefinition } from './service.ts';

/** What the cart service writes down, one JSON line each. */
export type CartRecord =
  | { readonly type: 'session'; readonly session: string; readonly account: string; readonly cart: string }
  | { readonly type: 'add'; readonly session: string; readonly line: Line }
  | { readonly type: 'empty'; readonly session: string };

interface Session {
  readonly account: string;
  readonly cart: string;
  lines: Line[];
}

/** Sessions kept in memory; the oldest goes first. */
const MAX_SESSIONS = 5000;
/** The file in the data folder. */
export const CARTS = 'carts.jsonl';

/**
 * Sessions and their carts, one replica. Logging in takes any credential. An unknown session is taken for a guest's, as
 * shops do after they lost their sessions, so that nobody's cart fails for it.
 */
export const cart: ServiceDefinition = {
  workers: 4,
  queue: 32,
  work: { meanMs: 3, rounds: 8 },
  start: ({ data }) => {
    const sessions = new Map<string, Session>();
    const journal = new Journal<CartRecord>(
      join(data, CARTS),
      () => sessions.clear(),
      (record) => take(sessions, record),
    );
    const open = (session: string, account: string): Session => {
      journal.append({ type: 'session', session, account, cart: newId('cart') });
      return sessions.get(session)!;
    };
    const show = (session: Session | undefined) => ({ cartId: session?.cart, lines: session?.lines ?? [] });
    return {
      'POST /sessions': ({ headers }) => {
        if (!headers.authorization) throw new Refusal(401, 'a credential is needed');
        const sessionId = newId('sid');
        const session = open(sessionId, accountOf(headers.authorization));
        return { status: 201, body: { sessionId, account: session.account, cartId: session.cart } };
      },
      'GET /cart': (call) => {
        const id = sessionOf(call);
        journal.refresh();
        return { status: 200, body: show(sessions.get(id)) };
      },
      'POST /cart/lines': (call) => {
        const id = sessionOf(call);
        const line = lineOf(call.body);
        journal.refresh();
        if (!sessions.has(id)) open(id, guestOf(id));
        journal.append({ type: 'add', session: id, line });
        return { status: 201, body: show(sessions.get(id)) };
      },
      'DELETE /cart': (call) => {
        const id = sessionOf(call);
        journal.refresh();
        if (sessions.get(id)?.lines.length) journal.append({ type: 'empty', session: id });
        return { status: 204 };
      },
    };
  },
};

function sessionOf(call: Call): string {
  const id = call.headers['x-session'];
  if (typeof id !== 'string' || id === '') throw new Refusal(401, 'no session');
  return id;
}

function take(sessions: Map<string, Session>, record: CartRecord): void {
  if (record.type === 'session') {
    sessions.set(record.session, { account: record.account, cart: record.cart, lines: [] });
    if (sessions.size > MAX_SESSIONS) sessions.delete(sessions.keys().next().value!);
    return;
  }
  const session = sessions.get(record.session);
  if (!session) return;
  if (record.type === 'empty') session.lines = [];
  else session.lines = [...session.lines, record.line].slice(-50);
}
