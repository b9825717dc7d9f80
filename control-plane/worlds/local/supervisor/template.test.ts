import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillTemplate } from './template.ts';

const values = { port: 8080, replica: 1, data: '/d', url: { cart: 'http://127.0.0.1:9' } };
const table: [text: string, filled: string][] = [
  ['{{port}}', '8080'],
  ['--port={{ port }}', '--port=8080'],
  ['{{data}}/x-{{replica}}', '/d/x-1'],
  ['{{url.cart}}/items', 'http://127.0.0.1:9/items'],
  ['nothing', 'nothing'],
  ['{{url.other}}', '{{url.other}}'],
];
for (const [text, filled] of table)
  test(`${text} becomes ${filled}`, () => assert.equal(fillTemplate(text, values), filled));
