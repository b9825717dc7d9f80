import { Gauge, Registry } from 'prom-client';
import type { Store } from '../mesh/store.ts';

/** What of a store belongs on a graph, read when scraped. */
export function createStoreMetrics(store: Pick<Store, 'problem'>): Registry {
  const registry = new Registry();
  new Gauge({
    name: 'umbra_store_unwritten_records',
    help: 'Records that wait in memory because the store cannot be written; 0 = all are written',
    registers: [registry],
    collect() {
      this.set(store.problem()?.unwritten ?? 0);
    },
  });
  return registry;
}
