import { products } from '../services/catalog.ts';
import { rememberOrder, type User, type Users } from './users.ts';

/** One request to send, and what to make of its answer. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** The status asked for; any other is a failure. */
  readonly expect: number;
  readonly protected: boolean;
  /** Called with an answer as asked for. */
  learn?(answer: { readonly headers: Record<string, string | string[] | undefined>; readonly body: string }): void;
}

type Action = 'list' | 'search' | 'product' | 'cart' | 'add' | 'login' | 'checkout' | 'order';

/** What users do, in shares of all requests. */
export const shopping: Readonly<Record<Action, number>> = {
  list: 23.5,
  search: 0.5,
  product: 28,
  cart: 8,
  add: 8,
  login: 5,
  checkout: 24,
  order: 3,
};
/** What a crowd does that only looks, and looks for the same thing. */
export const browsing: Readonly<Partial<Record<Action, number>>> = { list: 10, search: 80, product: 10 };

const words = [...new Set(products.flatMap((p) => p.name.split(' ')))];

/**
 * The next request of a mix. What is drawn does not depend on earlier answers, so that trouble does not change the mix;
 * only where nobody is logged in yet does a login come first.
 */
export function nextShot(mix: Readonly<Partial<Record<Action, number>>>, users: Users, random: () => number): Shot {
  const action = draw(mix, random);
  if (action === 'list') return get(`/products?page=${1 + Math.floor(random() * 7)}`);
  if (action === 'search') return get(`/search?q=${words[Math.floor(random() * words.length)]}`);
  if (action === 'product') return get(`/products/${products[Math.floor(random() * products.length)]!.sku}`);
  const user = action === 'login' ? undefined : users.any(random);
  if (!user) return login(users);
  if (action === 'cart') return get('/cart', user);
  if (action === 'add') return post('/cart/lines', user, oneLine(random), { expect: 201 });
  const order = user.orders[Math.floor(random() * user.orders.length)];
  if (action === 'order' && order !== undefined) return { ...get(`/orders/${order}`, user), protected: true };
  return checkout(user, users.newKey(), random);
}

function draw(mix: Readonly<Partial<Record<Action, number>>>, random: () => number): Action {
  const entries = Object.entries(mix) as [Action, number][];
  let left = random() * entries.reduce((sum, [, share]) => sum + share, 0);
  for (const [action, share] of entries) {
    left -= share;
    if (left < 0) return action;
  }
  return entries.at(-1)![0];
}

function get(path: string, user?: User): Shot {
  return { method: 'GET', path, headers: user ? { cookie: user.cookie } : {}, expect: 200, protected: false };
}

function post(
  path: string,
  user: User,
  body: unknown,
  rest: Pick<Shot, 'expect'> & Partial<Pick<Shot, 'protected' | 'learn'>>,
  headers: Record<string, string> = {},
): Shot {
  return {
    method: 'POST',
    path,
    headers: { cookie: user.cookie, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    protected: false,
    ...rest,
  };
}

function login(users: Users): Shot {
  return {
    method: 'POST',
    path: '/login',
    headers: { authorization: users.newCredential() },
    expect: 201,
    protected: false,
    learn: ({ headers }) => {
      const cookie = [headers['set-cookie'] ?? []].flat()[0]?.split(';')[0];
      if (cookie) users.add(cookie);
    },
  };
}

function checkout(user: User, key: string, random: () => number): Shot {
  const lines = Array.from({ length: 1 + Math.floor(random() * 3) }, () => oneLine(random));
  const card = { number: '4111 1111 1111 1111', expires: '12/30', holder: 'A. Shopper' };
  return post(
    '/checkout',
    user,
    { lines, card },
    {
      expect: 201,
      protected: true,
      learn: ({ body }) => rememberOrder(user, String((JSON.parse(body) as { orderId?: unknown }).orderId)),
    },
    { 'idempotency-key': key },
  );
}

function oneLine(random: () => number) {
  return { sku: products[Math.floor(random() * products.length)]!.sku, quantity: 1 + Math.floor(random() * 3) };
}
