import { Refusal, type ServiceDefinition } from './service.ts';
import { doWork, type Work } from './work.ts';

export interface Product {
  readonly sku: string;
  readonly name: string;
  /** In cents. */
  readonly price: number;
}

const PAGE = 12;
/** A search has no index: it costs many times what a page costs. */
const SEARCH: Work = { meanMs: 100, rounds: 40 };
const kinds = ['lamp', 'chair', 'shelf', 'kettle', 'rug', 'clock', 'vase', 'stool'];
const makes = ['oak', 'steel', 'linen', 'clay', 'brass', 'cork', 'glass', 'wool', 'ash', 'stone'];

/** The shop's goods: the same in every replica and in the standby, as from one feed. */
export const products: readonly Product[] = kinds.flatMap((kind, k) =>
  makes.map((make, m) => ({
    sku: `${kind}-${make}`,
    name: `${make} ${kind}`,
    price: 900 + 350 * k + 120 * m,
  })),
);
const bySku = new Map(products.map((p) => [p.sku, p]));

/** Lists and shows products. Holds no state. */
export const catalog: ServiceDefinition = {
  workers: 4,
  queue: 32,
  work: { meanMs: 3, rounds: 8 },
  start: () => ({
    'GET /products': ({ query }) => {
      const pages = Math.ceil(products.length / PAGE);
      const page = Math.max(1, Math.min(pages, Math.trunc(Number(query.get('page') ?? 1)) || 1));
      return { status: 200, body: { page, pages, products: products.slice((page - 1) * PAGE, page * PAGE) } };
    },
    'GET /search': async ({ query }) => {
      const q = query.get('q') ?? '';
      await doWork(SEARCH, q);
      return { status: 200, body: { q, products: products.filter((p) => p.name.includes(q)).slice(0, PAGE) } };
    },
    'GET /products/:sku': ({ params }) => {
      const product = bySku.get(params.sku!);
      if (!product) throw new Refusal(404, `no product ${params.sku}`);
      return { status: 200, body: product };
    },
  }),
};
