import assert from 'node:assert/strict';
import { scenario } from './proxy.ts';

scenario('a refusal is an error, whatever version the request has', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  const revision = p.has('CDS a=2');
  await p.hears('CDS a=2');
  // As if it were accepted, but for the error.
  p.refuses('CDS', 'no', { version: p.version('CDS') });
  await p.hears('CDS a=1');
  assert.equal((await p.settled(revision)).state, 'nacked');
});

scenario('an error without a message is a refusal', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2');
  await p.hears('CDS a=2');
  await p.nacked(() => p.refuses('CDS', ''));
  await p.hears('CDS a=1');
});

scenario('a request without an error is an acknowledgement, whatever version it has', async (p) => {
  const revision = p.has('CDS a');
  p.asks('CDS');
  await p.hears('CDS a=1');
  p.acks('CDS');
  assert.equal((await p.settled(revision)).state, 'acked');
  await p.hearsNothing();
});

scenario('one refused resource does not hold up the others of its type', async (p) => {
  p.has('CDS a b');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  p.has('CDS a=2 b');
  await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS a=2' });
  p.refuses('CDS', 'a: no');
  await p.hearsInTurn({ sotw: 'CDS a=1 b=1', delta: 'CDS a=1' });
  p.has('CDS a=2 b=2');
  await p.hearsInTurn({ sotw: 'CDS a=1 b=2', delta: 'CDS b=2' });
  await p.hearsNothing();
});

scenario('of several resources only the one that the refusal names is taken back', async (p) => {
  p.has('RDS a b c');
  p.asks('RDS', 'a', 'b', 'c');
  await p.hearsInTurn('RDS a=1 b=1 c=1');
  p.has('RDS a=2 b=2 c=2');
  await p.hears('RDS a=2 b=2 c=2');
  p.refuses('RDS', 'route config b: unknown cluster');
  // What came with it may have been applied or not: it is said again.
  await p.hearsInTurn('RDS a=2 b=1 c=2');
  assert.deepEqual(p.status('RDS').problems, { b: 'route config b: unknown cluster' });
});

scenario('refused endpoints do not hold up routes for ever', async (p) => {
  p.has('CDS a', 'EDS a', 'RDS to');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.asks('EDS', 'a');
  await p.hears('EDS a=1');
  p.refuses('EDS', 'no');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=1');
});

scenario('a refused cluster keeps back the routes that may need it; what was served stays', async (p) => {
  p.has('CDS a', 'RDS to=a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=a');
  p.has('CDS a b', 'RDS to=b');
  await p.hears({ sotw: 'CDS a=1 b=1', delta: 'CDS b=1' });
  await p.nacked(() => p.refuses('CDS', 'b: no'));
  if (p.protocol === 'sotw') await p.hearsInTurn('CDS a=1');
  await p.hearsNothing();
  assert.match(p.status('RDS').problems['*']!, /refused: b/);
});

for (const detail of ['b: no', 'no'])
  scenario(`refused with "${detail}" when it is asked for by name, one resource holds up no other`, async (p) => {
    p.has('CDS a b c');
    p.asks('CDS', 'a');
    await p.hearsInTurn('CDS a=1');
    p.asks('CDS', ...(p.protocol === 'sotw' ? ['a', 'b'] : ['b']));
    await p.hears({ sotw: 'CDS a=1 b=1', delta: 'CDS b=1' });
    await p.nacked(() => p.refuses('CDS', detail));
    if (p.protocol === 'sotw') await p.hearsInTurn('CDS a=1');
    assert.deepEqual(p.status('CDS').problems, { b: detail });
    p.asks('CDS', ...(p.protocol === 'sotw' ? ['a', 'b', 'c'] : ['c']));
    await p.hearsInTurn({ sotw: 'CDS a=1 c=1', delta: 'CDS c=1' });
    await p.disconnects();
    p.asks('CDS', 'a', 'b', 'c');
    await p.hearsInTurn('CDS a=1 c=1');
    p.has('CDS a b=2 c');
    await p.hearsInTurn({ sotw: 'CDS a=1 b=2 c=1', delta: 'CDS b=2' });
  });

scenario('what was accepted by name is not suspected beside what is new', async (p) => {
  p.has('LDS a b c');
  p.asks('LDS', 'a');
  await p.hearsInTurn('LDS a=1');
  p.asks('LDS', ...(p.protocol === 'sotw' ? ['a', 'b'] : ['b']));
  await p.hearsInTurn({ sotw: 'LDS a=1 b=1', delta: 'LDS b=1' });
  p.asks('LDS', ...(p.protocol === 'sotw' ? ['a', 'b', 'c'] : ['c']));
  await p.hears({ sotw: 'LDS a=1 b=1 c=1', delta: 'LDS c=1' });
  await p.nacked(() => p.refuses('LDS', 'no'));
  if (p.protocol === 'sotw') await p.hearsInTurn('LDS a=1 b=1');
  assert.deepEqual(p.status('LDS').problems, { c: 'no' });
});

scenario(
  'delta: of a first answer only what is refused is left out, since nothing is deleted by that',
  async (p) => {
    p.has('CDS a b');
    p.asks('CDS');
    await p.hears('CDS a=1 b=1');
    p.refuses('CDS', 'b: no');
    await p.hearsInTurn('CDS a=1');
    assert.deepEqual(p.status('CDS').problems, { b: 'b: no' });
  },
  { only: 'delta' },
);

scenario('a new stream tries once more what was refused where nothing was ever accepted', async (p) => {
  p.has('LDS in');
  p.asks('LDS');
  await p.hears('LDS in=1');
  await p.nacked(() => p.refuses('LDS', 'in: cannot bind'));
  await p.hearsNothing();
  await p.disconnects();
  p.asks('LDS');
  await p.hearsInTurn('LDS in=1');
});

scenario('the refused version comes no second time, another one does', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2');
  await p.hears('CDS a=2');
  p.refuses('CDS', 'no');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2', 'EDS other');
  await p.hearsNothing();
  p.has('CDS a=3');
  await p.hearsInTurn('CDS a=3');
});

scenario('nor does it come on a new stream', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2');
  await p.hears('CDS a=2');
  p.refuses('CDS', 'no');
  await p.hearsInTurn('CDS a=1');
  await p.disconnects();
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  await p.hearsNothing();
});

scenario('an acknowledgement that is followed by an error is a refusal', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2');
  await p.hears('CDS a=2');
  p.acks('CDS');
  await p.acked(2);
  p.refuses('CDS', 'warming failed');
  await p.hears('CDS a=1');
  assert.equal(p.server.counters.nacks, 1);
});

scenario('the same refusal said twice is one', async (p) => {
  p.has('CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.has('CDS a=2');
  await p.hears('CDS a=2');
  p.refuses('CDS', 'no');
  p.refuses('CDS', 'no');
  await p.hearsInTurn('CDS a=1');
  await p.hearsNothing();
  assert.equal(p.server.counters.nacks, 1);
});

scenario(
  'state of the world: a refusal with a stale nonce was overtaken and means nothing',
  async (p) => {
    p.has('CDS a');
    p.asks('CDS');
    await p.hears('CDS a=1');
    const stale = p.nonce('CDS');
    p.acks('CDS');
    p.has('CDS a=2');
    await p.hears('CDS a=2');
    p.refuses('CDS', 'no', { nonce: stale });
    await p.hearsNothing();
    assert.equal(p.server.counters.nacks, 0);
    p.acks('CDS');
  },
  { only: 'sotw' },
);

scenario(
  'delta: each answer is judged on its own, also when a newer one is on its way',
  async (p) => {
    p.has('EDS a b');
    p.asks('EDS', 'a');
    await p.hears('EDS a=1');
    const first = p.nonce('EDS');
    p.asks('EDS', 'b');
    await p.hears('EDS b=1');
    await p.nacked(() => p.refuses('EDS', 'no', { nonce: first }));
    p.acks('EDS');
    await p.acked(1);
    assert.deepEqual(p.status('EDS').problems, { a: 'no' });
  },
  { only: 'delta' },
);

scenario(
  'delta: a removal that was refused is said again with what comes next',
  async (p) => {
    p.has('CDS a b');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1 b=1');
    p.has('CDS a');
    await p.hears('CDS -b');
    await p.nacked(() => p.refuses('CDS', 'in use'));
    p.has('CDS a=2');
    await p.hearsInTurn('CDS a=2 -b');
  },
  { only: 'delta' },
);
