import { accountOf } from '../services/ids.ts';

/** A user who is logged in. */
export interface User {
  readonly cookie: string;
  /** Newest orders, at most a few. */
  readonly orders: string[];
}

const MAX_USERS = 40;
const MAX_ORDERS = 5;

/** The users of one run of the load: made up, logged in, and known again from what the shop wrote down. */
export class Users {
  readonly run: string;
  #made = 0;
  #keys = 0;
  #loggedIn: User[] = [];

  constructor(run: string) {
    this.run = run;
  }

  /** Users and idempotency-keys made so far. */
  get issued(): { users: number; keys: number } {
    return { users: this.#made, keys: this.#keys };
  }

  /** The credential of a user nobody has seen before. */
  newCredential(): string {
    return credentialOf(this.run, this.#made++);
  }

  newKey(): string {
    return `${this.run}-${this.#keys++}`;
  }

  /** The oldest leaves for it when there are many. */
  add(cookie: string): void {
    this.#loggedIn.push({ cookie, orders: [] });
    if (this.#loggedIn.length > MAX_USERS) this.#loggedIn.shift();
  }

  /** One of those logged in; undefined while there is nobody. */
  any(random: () => number = Math.random): User | undefined {
    return this.#loggedIn[Math.floor(random() * this.#loggedIn.length)];
  }
}

export function rememberOrder(user: User, order: string): void {
  user.orders.push(order);
  if (user.orders.length > MAX_ORDERS) user.orders.shift();
}

function credentialOf(run: string, n: number): string {
  return `Basic ${Buffer.from(`user-${run}-${n}:secret-${run}-${n}`).toString('base64')}`;
}

/** What a run may have left in the shop: its accounts, and a test for its idempotency-keys. */
export interface Traces {
  readonly accounts: ReadonlySet<string>;
  isKey(key: string): boolean;
}

export function tracesOf(run: string, issued: { users: number; keys: number }): Traces {
  const accounts = new Set<string>();
  for (let n = 0; n < issued.users; n++) accounts.add(accountOf(credentialOf(run, n)));
  return {
    accounts,
    isKey: (key) => {
      const n = key.startsWith(`${run}-`) ? key.slice(run.length + 1) : '';
      return /^(0|[1-9][0-9]*)$/.test(n) && Number(n) < issued.keys;
    },
  };
}
