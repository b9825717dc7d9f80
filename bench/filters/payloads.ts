/** JSON of exactly `bytes` bytes that looks like an application's: ids, prices, names, nested lists. The same every time. */
export function jsonOf(bytes: number): string {
  const items: string[] = [];
  const whole = () => `{"order":"9f3b2c71","currency":"EUR","items":[${items.join(',')}],"note":""}`;
  const item = (i: number) =>
    `{"sku":"A-${1000 + i * 7}","name":"Item number ${i}","price":${(i * 3.75 + 4.99).toFixed(2)},"count":${1 + (i % 5)},"tags":["new","sale"],"stock":true}`;
  while (true) {
    items.push(item(items.length));
    if (whole().length > bytes) {
      items.pop();
      break;
    }
  }
  const base = whole();
  return base.replace('"note":""', `"note":"${'x'.repeat(bytes - base.length)}"`);
}
