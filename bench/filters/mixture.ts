import { type FilterRole, mutationKinds } from '../../filters/config.ts';
import { Exchange, settleAll } from '../../test/filters/exchange.ts';
import { FilterHost, type Headers } from '../../test/filters/harness.ts';
import { mirrorConfig } from './http-filters.ts';
import { jsonOf } from './payloads.ts';

const JSON_TYPE: Headers = [['content-type', 'application/json']];
const FORM_TYPE: Headers = [['content-type', 'application/x-www-form-urlencoded']];
const documents = [200, 300, 1024, 4096, 20_000].map((bytes) => ({ type: JSON_TYPE, body: jsonOf(bytes) }));
const bodies = [
  ...documents,
  { type: FORM_TYPE, body: 'user=ann&card=4111111111111111&note=a%20b&token=abcdef' },
  { type: [['content-type', 'text/plain']] as Headers, body: 'mail ann@example.com, bearer abcdefghijklmnop' },
  { type: JSON_TYPE, body: '{"broken":' },
  { type: [['content-type', 'image/png']] as Headers, body: '\u0089PNG'.repeat(50) },
  { type: JSON_TYPE, body: `"${'x'.repeat(70_000)}"` },
];

const mirrors = [{}, { session: { cookie: 'sid' }, percent: 60 }, { redact: { emails: true }, twicePercent: 30 }].map(
  (change, i) =>
    mirrorConfig({
      maxBodyBytes: 65_536,
      maxInFlight: 32,
      learn: { jsonPaths: ['$.order', '$.items[*].sku'], location: true, setCookie: ['sid'] },
      routes: [{ name: `r${i}`, pathPrefix: '/orders' }],
      ...change,
    }),
);
const faults = [
  { mutate: { on: 'response', ops: 3, kinds: [...mutationKinds] } },
  { mutate: { on: 'request', ops: 2 }, delay: { kind: 'uniform', ms: 5, spread: 5 } },
  { abort: { http: 503 } },
  { exception: { template: 'spring', status: 500 } },
  { stall: 'request', maxDurationMs: 40 },
  { truncate: { on: 'response', bytes: 100 } },
  { mutate: { on: 'request', ops: 2, parts: ['query', 'headers'] } },
  { delay: { kind: 'pareto', ms: 2 }, maxActive: 10 },
  { reset: true },
];
const configurations = {
  mirror: (n: number) => ({ ...mirrors[n % mirrors.length], generation: n }),
  chaos: (n: number) => ({
    generation: n,
    faults: faults.map((fault, i) => ({ id: `f${i}`, expiresAtMs: 4e12, share: 0.1, seed: n, ...fault })),
  }),
};

/** As many streams are open at a time at most, across changes of the configuration. */
const OPEN = 64;
/** The same requests come again after so many, but for their ids: what still grows after a few times is a leak and no chance. */
const PERIOD = 10_000;
/** Stands for an id that is another one in every request. */
const ID = '9f3b2c71';

/**
 * Requests of mixed kinds through a module in Node's V8, with streams that stay open while the configuration changes under them,
 * requests that are abandoned at any point, callouts that succeed, fail and are refused, and time that passes.
 */
export class Mixture {
  readonly host: FilterHost;
  private readonly role: FilterRole;
  private readonly open: { x: Exchange; root: number }[] = [];
  private readonly roots = new Map<number, number>();
  private current = 0;
  private changes = 0;
  private random = 1;
  private sent = 0;

  constructor(role: FilterRole) {
    this.role = role;
    this.host = new FilterHost(role, { refuseCalls: () => this.draw(20) === 0 });
    this.change();
  }

  /** 0..n-1, by a linear congruential generator. */
  private draw(n: number): number {
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.random / 2 ** 32) * n);
  }

  /** A new configuration; the one before goes when the last of its streams does. */
  change(): void {
    const root = this.host.configure(configurations[this.role](this.changes++));
    if (root === undefined) throw new Error(`${this.role} refused a configuration: ${this.host.logs.join('; ')}`);
    const before = this.current;
    this.current = root;
    this.roots.set(root, 0);
    this.retire(before);
  }

  private retire(root: number): void {
    if (root === this.current || this.roots.get(root) !== 0) return;
    this.roots.delete(root);
    this.host.deleteContext(root);
  }

  /** One more request, as far as it comes; now and then its end is left for later. */
  request(): void {
    const { host } = this;
    if (this.sent++ % PERIOD === 0) this.random = 1;
    const one = { x: new Exchange(host, this.current), root: this.current };
    this.roots.set(one.root, this.roots.get(one.root)! + 1);
    this.open.push(one);
    this.send(one.x);
    if (this.draw(4) > 0) this.answer(one.x);
    for (const call of host.httpCalls.slice(0, this.draw(3))) this.land(call);
    if (host.httpCalls.length > 24) for (const call of host.httpCalls.slice(0, 8)) this.land(call);
    if (this.draw(10) > 0) this.end(this.open.length - 1);
    if (this.open.length > OPEN) this.end(0);
    if (this.draw(8) === 0) host.run(this.draw(10), () => settleAll(this.open.map((o) => o.x)));
    host.actions.length = 0;
    host.logs.length = 0;
    for (const values of host.histograms.values()) values.length = 0;
  }

  /** One of these, with an id of its own. */
  private pick(kinds: typeof bodies): (typeof bodies)[number] {
    const { type, body } = kinds[this.draw(kinds.length)]!;
    return { type, body: body.replace(ID, this.id()) };
  }

  private id(): string {
    return this.sent.toString(16).padStart(ID.length, '0');
  }

  private send(x: Exchange): void {
    const kind = this.pick(bodies);
    const session: Headers = [
      ['authorization', `Bearer token-of-user-${this.draw(500)}`],
      ['cookie', `sid=session-${this.id()}; theme=dark`],
    ];
    const post = this.draw(2) === 0;
    const path = `/${['orders', 'users', 'cart'][this.draw(3)]}/${this.id()}?q=${this.draw(100)}&token=t${this.draw(100)}`;
    x.requestHeaders(
      [
        [':method', post ? 'POST' : 'GET'],
        [':path', path],
        [':authority', 'shop'],
        [':scheme', 'http'],
        ...session,
        ...(post ? kind.type : []),
      ],
      !post,
    );
    if (!post) return;
    const cut = this.draw(kind.body.length);
    x.requestBody(kind.body.slice(0, cut));
    if (this.draw(20) > 0) x.requestBody(kind.body.slice(cut), true);
  }

  private answer(x: Exchange): void {
    if (x.local || x.reset || x.held) return;
    const kind = this.pick(bodies);
    const status = ['200', '201', '404', '500'][this.draw(4)]!;
    x.responseHeaders([[':status', status], ...kind.type, ['set-cookie', `sid=${this.id()}`]]);
    const cut = this.draw(kind.body.length);
    x.responseBody(kind.body.slice(0, cut));
    if (this.draw(20) > 0) x.responseBody(kind.body.slice(cut), true);
  }

  private land(call: FilterHost['httpCalls'][number]): void {
    const kind = this.pick(documents);
    if (this.draw(10) === 0) this.host.answer(call);
    else this.host.answer(call, [[':status', '200'], ...kind.type], kind.body);
  }

  private end(at: number): void {
    const [{ x, root }] = this.open.splice(at, 1) as [{ x: Exchange; root: number }];
    x.end();
    this.roots.set(root, this.roots.get(root)! - 1);
    this.retire(root);
  }
}
