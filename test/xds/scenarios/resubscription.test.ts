import { scenario } from './proxy.ts';

scenario('a name given up and asked for again is sent again, though nothing has changed', async (p) => {
  p.has('EDS a b');
  p.asks('EDS', 'a', 'b');
  await p.hearsInTurn('EDS a=1 b=1');
  p.leaves('EDS', 'a');
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b'] : ['a']));
  await p.hearsInTurn('EDS a=1');
  await p.hearsNothing();
});

scenario(
  'delta: a name that is asked for twice is answered twice',
  async (p) => {
    p.has('EDS a b');
    p.asks('EDS', 'a', 'b');
    await p.hearsInTurn('EDS a=1 b=1');
    p.asks('EDS', 'b');
    await p.hearsInTurn('EDS b=1');
    await p.hearsNothing();
  },
  { only: 'delta' },
);

scenario(
  'delta: a name that does not exist is reported each time it is asked for',
  async (p) => {
    p.has('EDS a');
    for (let i = 0; i < 2; i++) {
      p.asks('EDS', 'x');
      await p.hearsInTurn('EDS -x');
    }
    await p.hearsNothing();
  },
  { only: 'delta' },
);

scenario('a name that is twice in a list is sent once', async (p) => {
  p.has('EDS a');
  p.asks('EDS', 'a', 'a');
  await p.hearsInTurn('EDS a=1');
  await p.hearsNothing();
});

scenario('what does not exist is remembered, comes when it does, and goes', async (p) => {
  p.has('EDS a');
  p.asks('EDS', 'a', 'x');
  await p.hearsInTurn({ sotw: 'EDS a=1', delta: 'EDS a=1 -x' });
  p.has('EDS a b');
  await p.hearsNothing();
  p.has('EDS a b x');
  await p.hearsInTurn('EDS x=1');
  p.has('EDS a b');
  if (p.protocol === 'delta') await p.hearsInTurn('EDS -x');
  p.has('EDS a b x=2');
  await p.hearsInTurn('EDS x=2');
});

scenario('a name added while an answer is on its way is not lost', async (p) => {
  p.has('EDS a b c');
  p.asks('EDS', 'a');
  await p.hears('EDS a=1');
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b'] : ['b']));
  await p.hears('EDS b=1');
  p.acks('EDS');
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b', 'c'] : ['c']));
  await p.hears('EDS c=1');
});

scenario('fewer names bring no answer, and no updates of what was left', async (p) => {
  p.has('RDS a b');
  p.asks('RDS', 'a', 'b');
  await p.hearsInTurn('RDS a=1 b=1');
  p.leaves('RDS', 'b');
  await p.hearsNothing();
  p.has('RDS a=2 b=2');
  await p.hearsInTurn('RDS a=2');
  await p.hearsNothing();
});
