import { cart } from './cart.ts';
import { catalog } from './catalog.ts';
import { checkout } from './checkout.ts';
import { inventory } from './inventory.ts';
import { payments } from './payments.ts';
import type { ServiceDefinition } from './service.ts';
import { storefront } from './storefront.ts';

/** The shop's services by their name in app.yaml. A standby runs the same code as what it stands by for. */
export const services: Readonly<Record<string, ServiceDefinition>> = {
  storefront,
  catalog,
  'catalog-standby': catalog,
  cart,
  checkout,
  inventory,
  payments,
  'payments-standby': payments,
};
