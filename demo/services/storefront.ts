import type { Answer, CallOptions, Peer } from './peer.ts';
import { type Call, objectOf, Refusal, type Reply, type ServiceDefinition } from './service.ts';

/** The cookie that holds the session. */
export const SESSION_COOKIE = 'sid';

/**
 * Where users enter. Holds no state and few workers: a request keeps its worker until whatever is behind it has answered,
 * so one slow part makes the whole shop wait.
 */
export const storefront: ServiceDefinition = {
  workers: 4,
  queue: 64,
  work: { meanMs: 12, rounds: 12 },
  start: ({ peer }) => {
    const catalog = peer('catalog');
    const cart = peer('cart');
    const checkout = peer('checkout');
    return {
      'POST /login': async ({ headers }) => {
        const { authorization } = headers;
        const answer = await ask(cart, '/sessions', {
          method: 'POST',
          headers: authorization ? { authorization } : {},
        });
        const { sessionId, ...shown } = objectOf(answer.body);
        return {
          status: answer.status,
          body: shown,
          headers: { 'set-cookie': `${SESSION_COOKIE}=${sessionId}; Path=/; HttpOnly` },
        };
      },
      'GET /products': ({ query }) =>
        pass(ask(catalog, `/products?page=${encodeURIComponent(query.get('page') ?? '1')}`)),
      'GET /search': ({ query }) => pass(ask(catalog, `/search?q=${encodeURIComponent(query.get('q') ?? '')}`)),
      'GET /products/:sku': ({ params }) => pass(ask(catalog, `/products/${params.sku}`)),
      'GET /cart': (call) => pass(ask(cart, '/cart', { headers: { 'x-session': sessionOf(call) } })),
      'POST /cart/lines': (call) =>
        pass(ask(cart, '/cart/lines', { method: 'POST', headers: { 'x-session': sessionOf(call) }, body: call.body })),
      'POST /checkout': async (call) => {
        const session = sessionOf(call);
        const key = call.headers['idempotency-key'];
        if (typeof key !== 'string') throw new Refusal(400, 'an idempotency-key is needed');
        const { lines, card } = objectOf(call.body);
        const answer = await ask(checkout, '/orders', {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { session, lines, card },
        });
        const order = objectOf(answer.body);
        // A cart that is not emptied is no reason to fail an order, nor to wait.
        cart.call('/cart', { method: 'DELETE', headers: { 'x-session': session } }).catch(() => {});
        return { status: answer.status, body: order, headers: { location: `/orders/${order.orderId}` } };
      },
      'GET /orders/:order': ({ params }) => pass(ask(checkout, `/orders/${params.order}`)),
    };
  },
};

/** The session in the cookie. @throws Refusal 401 */
function sessionOf(call: Call): string {
  for (const part of (call.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === SESSION_COOKIE && value) return value;
  }
  throw new Refusal(401, 'log in first');
}

/** Calls a peer; its refusals are passed on, its failures become 502. */
async function ask(peer: Peer, path: string, options?: CallOptions): Promise<Answer> {
  const answer = await peer.call(path, options);
  if (answer.status >= 500) throw new Refusal(502, `${peer.name} answered ${answer.status}`);
  if (answer.status >= 400) {
    const error = (answer.body as { error?: unknown } | undefined)?.error;
    throw new Refusal(answer.status, typeof error === 'string' ? error : `${peer.name} answered ${answer.status}`);
  }
  return answer;
}

async function pass(answer: Promise<Answer>): Promise<Reply> {
  const { status, body } = await answer;
  return { status, body };
}
