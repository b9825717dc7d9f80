import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOrder, type OverrideOrder } from './record.ts';

const pin = { kind: 'retry', target: { edge: 'web>cart' }, strength: 0 } as const;
const orders: [OverrideOrder, string][] = [
  [{ type: 'freeze' }, 'freeze everything'],
  [{ type: 'freeze', service: 'cart' }, 'freeze cart'],
  [{ type: 'mode', service: 'cart', mode: 'auto' }, 'mode cart auto'],
  [{ type: 'pin', mitigation: pin }, 'pin retry@web>cart×0'],
  [{ type: 'forbid', what: 'scale@cart' }, 'forbid scale@cart'],
  [{ type: 'undo', lease: 'm-1' }, 'undo m-1'],
  [{ type: 'approve', decision: 'd-1' }, 'approve d-1'],
];
test('every order has its words', () => {
  assert.deepEqual(
    orders.map(([order]) => describeOrder(order)),
    orders.map(([, words]) => words),
  );
});
