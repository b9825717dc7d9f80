import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Case } from './cases.ts';
import { hostilities } from './hostile/kinds.ts';
import { runSession } from './session.ts';
import { chosen } from './summary.ts';

const linuxOnly = { skip: process.platform !== 'linux' && 'CPU and memory are read from /proc' };

test('our server goes through every step, and the proxies have what was set', linuxOnly, async (t) => {
  const repeats = { warmUp: 1, updates: 1, reconnects: 1, endurance: 10, siegeMs: 0 };
  const base = { programme: 'steps', streams: 2, tls: false, contenders: ['umbra'] } as const;
  const cases: Case[] = [
    {
      ...base,
      name: 'wildcard',
      protocol: 'delta',
      layout: 'wildcard',
      steps: ['change', 'add', 'reconnect', 'resume'],
    },
    { ...base, name: 'named', protocol: 'sotw', layout: 'named', steps: ['change', 'add', 'reconnect'] },
  ];
  for (const c of cases)
    await t.test(c.name, async () => {
      const figures = await runSession('umbra', c, { peers: '', repeats });
      const of = (measure: string) => figures.find((f) => f.measure === measure)!.value;
      for (const step of c.steps) assert.ok(of(`${step}: last ACK`) >= of(`${step}: ACK p50`), step);
      // One endpoint is a few hundred bytes for each proxy, everything hundreds of kilobytes.
      assert.ok(of('change: sent') < 0.01 && of('reconnect: sent') > 0.2, `${of('change: sent')} MiB`);
    });
});

test('bad clients of every kind do their worst, and the others get every change', linuxOnly, async (t) => {
  const repeats = { warmUp: 0, updates: 1, reconnects: 0, endurance: 0, siegeMs: 0 };
  for (const hostility of hostilities)
    await t.test(hostility, async () => {
      const [c] = chosen([100], [`delta 100 beside ${hostility} clients`]);
      const figures = await runSession('umbra', { ...c!, streams: 2 }, { peers: '', repeats });
      const of = (measure: string) => figures.find((f) => f.measure === measure)!.value;
      assert.ok(of('what each of them did') > 0);
      assert.equal(of('what they cost the others'), of('last ACK beside them') / of('last ACK'));
      assert.equal(of('from another server'), of('last ACK, they are at another server') / of('last ACK'));
    });
});
