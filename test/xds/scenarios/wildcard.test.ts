import { scenario } from './proxy.ts';

scenario('before any name an empty list asks for everything; after names it asks for nothing', async (p) => {
  p.has('LDS a b');
  p.asks('LDS');
  await p.hearsInTurn('LDS a=1 b=1');
  p.asks('LDS', 'a');
  await p.hearsInTurn('LDS a=1');
  p.leaves('LDS', 'a');
  // Delta: the wildcard was never given up, so what is left is sent again.
  if (p.protocol === 'delta') await p.hearsInTurn('LDS a=1');
  await p.hearsNothing();
  p.has('LDS a=2 b=2');
  if (p.protocol === 'delta') await p.hearsInTurn('LDS a=2 b=2');
  await p.hearsNothing();
});

scenario('a star asks for everything, with names or without', async (p) => {
  p.has('EDS a b');
  p.asks('EDS', '*', 'a');
  await p.hearsInTurn('EDS a=1 b=1');
  p.has('EDS a b c');
  await p.hearsInTurn('EDS c=1');
});

scenario('from everything to a name: nothing comes but that name', async (p) => {
  p.has('EDS a b');
  p.asks('EDS', '*');
  await p.hearsInTurn('EDS a=1 b=1');
  if (p.protocol === 'sotw') p.asks('EDS', 'a');
  else {
    p.asks('EDS', 'a');
    await p.hearsInTurn('EDS a=1');
    p.leaves('EDS', '*');
  }
  // What a name newly asked for brings shows that the request was read.
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'x'] : ['x']));
  await p.hearsInTurn({ sotw: 'EDS a=1', delta: 'EDS -x' });
  p.has('EDS a=2 b=2 c');
  await p.hearsInTurn('EDS a=2');
  await p.hearsNothing();
});

scenario('from a name to everything', async (p) => {
  p.has('CDS a b');
  p.asks('CDS', 'a');
  await p.hearsInTurn('CDS a=1');
  p.asks('CDS', '*');
  await p.hearsInTurn('CDS a=1 b=1');
});

scenario('everything once more brings everything once more', async (p) => {
  p.has('CDS a b');
  p.asks('CDS', '*');
  await p.hearsInTurn('CDS a=1 b=1');
  if (p.protocol === 'sotw') {
    p.asks('CDS', 'a');
    await p.hearsInTurn('CDS a=1');
  } else p.leaves('CDS', '*');
  p.asks('CDS', '*');
  await p.hearsInTurn('CDS a=1 b=1');
});

scenario(
  'delta: under the wildcard, a name that is given up is sent again, or its removal: the proxy has dropped it',
  async (p) => {
    p.has('CDS a');
    p.asks('CDS', '*', 'a', 'x');
    await p.hearsInTurn('CDS a=1 -x');
    p.leaves('CDS', 'a', 'x');
    await p.hearsInTurn('CDS a=1 -x');
  },
  { only: 'delta' },
);

scenario(
  'delta: giving up the wildcard keeps the names',
  async (p) => {
    p.has('CDS a b');
    p.asks('CDS', '*', 'a');
    await p.hearsInTurn('CDS a=1 b=1');
    p.leaves('CDS', '*');
    await p.hearsNothing();
    p.has('CDS a=2 b=2');
    await p.hears('CDS a=2');
  },
  { only: 'delta' },
);

scenario(
  'delta: giving up what was never asked for is ignored',
  async (p) => {
    p.has('EDS a');
    p.asks('EDS', 'a');
    await p.hearsInTurn('EDS a=1');
    p.leaves('EDS', 'x', '*');
    await p.hearsNothing();
    p.has('EDS a=2 b');
    await p.hears('EDS a=2');
  },
  { only: 'delta' },
);

scenario('a wildcard that finds nothing is told so once, and of what comes later', async (p) => {
  p.has('LDS in');
  p.asks('CDS');
  await p.hearsInTurn('CDS');
  await p.hearsNothing();
  p.has('LDS in', 'CDS a');
  await p.hearsInTurn('CDS a=1');
});
