import assert from 'node:assert/strict';
import { scenario } from './proxy.ts';

const clientFeatures = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw'];

scenario('a scope changes: state of the world tells all of them, or the proxy drops the others', async (p) => {
  p.has('SRDS a b c');
  p.asks('SRDS');
  await p.hearsInTurn('SRDS a=1 b=1 c=1');
  p.has('SRDS a b=2 c');
  await p.hearsInTurn({ sotw: 'SRDS a=1 b=2 c=1', delta: 'SRDS b=2' });
  await p.hearsNothing();
});

scenario('a scope goes, then the last of them', async (p) => {
  p.has('SRDS a b');
  p.asks('SRDS');
  await p.hearsInTurn('SRDS a=1 b=1');
  p.has('SRDS a');
  await p.hearsInTurn({ sotw: 'SRDS a=1', delta: 'SRDS -b' });
  p.has('LDS in');
  await p.hearsInTurn({ sotw: 'SRDS', delta: 'SRDS -a' });
  await p.hearsNothing();
});

scenario(
  'a time to live of one scope is refreshed with all of them',
  async (p) => {
    p.has('SRDS a@300 b c');
    p.asks('SRDS');
    await p.hearsInTurn('SRDS a=1@300 b=1 c=1');
    for (let i = 0; i < 2; i++) await p.hearsInTurn({ sotw: 'SRDS a=1@300 b=1 c=1', delta: 'SRDS ~a' });
  },
  { clientFeatures },
);

scenario('a refused scope goes back to what it was, and a new one away, beside the others', async (p) => {
  p.has('SRDS a b');
  p.asks('SRDS');
  await p.hearsInTurn('SRDS a=1 b=1');
  p.has('SRDS a=2 b c');
  await p.hears({ sotw: 'SRDS a=2 b=1 c=1', delta: 'SRDS a=2 c=1' });
  p.refuses('SRDS', 'scope key conflict');
  await p.hearsInTurn({ sotw: 'SRDS a=1 b=1', delta: 'SRDS a=1' });
  assert.deepEqual(Object.keys(p.status('SRDS').problems), ['a', 'c']);
});

scenario(
  'before its listener is acknowledged it is answered, and not told of changes',
  async (p) => {
    p.has('LDS in', 'SRDS a b');
    p.asks('LDS');
    await p.hears('LDS in=1');
    p.asks('SRDS');
    await p.hears('SRDS a=1 b=1');
    p.acks('SRDS');
    await p.acked(1);
    p.has('LDS in', 'SRDS a=2');
    await p.hearsNothing();
    p.acks('LDS');
    await p.hearsInTurn('SRDS a=2');
  },
  { only: 'sotw' },
);
