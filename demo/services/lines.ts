import { objectOf, Refusal } from './service.ts';

/** So many of one product. */
export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** One line from a request's body. @throws Refusal 400 */
export function lineOf(value: unknown): Line {
  const { sku, quantity } = objectOf(value);
  if (typeof sku !== 'string' || sku === '' || sku.length > 64) throw new Refusal(400, 'sku is needed');
  if (!Number.isInteger(quantity) || (quantity as number) < 1 || (quantity as number) > 99)
    throw new Refusal(400, 'quantity is a number from 1 to 99');
  return { sku, quantity: quantity as number };
}

/** The lines of an order. @throws Refusal 400 when there are none, too many or wrong ones */
export function linesOf(value: unknown): Line[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 50)
    throw new Refusal(400, 'lines: 1 to 50 are needed');
  return value.map(lineOf);
}
