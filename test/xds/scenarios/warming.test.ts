import type { ScriptedProxy } from './proxy.ts';
import { scenario } from './proxy.ts';

/** Envoy keeps a changed cluster in warming until endpoints come, and acknowledges it only then. */
async function twoClusters(p: ScriptedProxy): Promise<void> {
  p.has('CDS a b', 'EDS a b');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  p.asks('EDS', 'a', 'b');
  await p.hearsInTurn('EDS a=1 b=1');
}

scenario('the endpoints of a changed cluster come again, those of the others do not', async (p) => {
  await twoClusters(p);
  p.has('CDS a=2 b', 'EDS a b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  await p.hears('EDS a=1');
  p.acks('EDS');
  p.acks('CDS');
  await p.hearsNothing();
});

scenario('endpoints that changed with their cluster come once', async (p) => {
  await twoClusters(p);
  p.has('CDS a=2 b', 'EDS a=2 b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  await p.hears('EDS a=2');
  p.acks('EDS');
  p.acks('CDS');
  await p.hearsNothing();
});

scenario('a new cluster brings no endpoints but its own, when it asks', async (p) => {
  await twoClusters(p);
  p.has('CDS a b c', 'EDS a b c');
  await p.hearsInTurn({ sotw: 'CDS a=1 b=1 c=1', delta: 'CDS c=1' });
  await p.hearsNothing();
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b', 'c'] : ['c']));
  await p.hearsInTurn('EDS c=1');
});

scenario('a cluster that is called otherwise than its endpoints has all of them sent again', async (p) => {
  p.has('CDS out', 'EDS cart shop');
  p.asks('CDS');
  await p.hearsInTurn('CDS out=1');
  p.asks('EDS', 'cart', 'shop');
  await p.hearsInTurn('EDS cart=1 shop=1');
  p.has('CDS out=2', 'EDS cart shop');
  await p.hears('CDS out=2');
  await p.hears('EDS cart=1 shop=1');
});

scenario('endpoints that are on their way when their cluster changes come again behind it', async (p) => {
  await twoClusters(p);
  p.has('CDS a b', 'EDS a=2 b');
  await p.hears('EDS a=2');
  p.has('CDS a=2 b', 'EDS a=2 b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  if (p.protocol === 'sotw') p.acks('EDS');
  await p.hears('EDS a=2');
});

scenario('a cluster that was refused and goes back to what it was gets its endpoints as well', async (p) => {
  await twoClusters(p);
  p.has('CDS a=2 b', 'EDS a b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  await p.hears('EDS a=1');
  p.acks('EDS');
  p.refuses('CDS', 'a: no');
  await p.hears({ sotw: 'CDS a=1 b=1', delta: 'CDS a=1' });
  // Of the whole answer that was refused nobody knows what was applied.
  await p.hears({ sotw: 'EDS a=1 b=1', delta: 'EDS a=1' });
});

scenario('a new cluster that goes while it warms gets its endpoints, or the proxy would wait for them', async (p) => {
  await twoClusters(p);
  p.has('CDS a b c', 'EDS a b c');
  await p.hears({ sotw: 'CDS a=1 b=1 c=1', delta: 'CDS c=1' });
  p.has('CDS a b', 'EDS a b');
  await p.hearsNothing();
  p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b', 'c'] : ['c']));
  await p.hears('EDS c=1');
  p.acks('EDS');
  p.acks('CDS');
  await p.hears({ sotw: 'CDS a=1 b=1', delta: 'CDS -c' });
});

scenario('so does one that was there before, whose endpoints were on their way as it changed', async (p) => {
  await twoClusters(p);
  p.has('CDS a b', 'EDS a=2 b');
  await p.hears('EDS a=2');
  p.has('CDS a=2 b', 'EDS a=2 b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  p.has('CDS b', 'EDS b');
  p.acks('EDS');
  await p.hears('EDS a=2');
  p.acks('EDS');
  p.acks('CDS');
  await p.hears({ sotw: 'CDS b=1', delta: 'CDS -a' });
});
