import assert from 'node:assert/strict';
import { type ScriptedProxy, scenario } from './proxy.ts';

scenario(
  'who has everything is told nothing',
  async (p) => {
    const revision = p.has('CDS a b');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1 b=1');
    await p.disconnects();
    p.resumes('CDS');
    await p.hearsNothing();
    assert.equal((await p.settled(revision)).state, 'acked');
  },
  { only: 'delta' },
);

scenario(
  'who was away is told what changed, came and went, by wildcard',
  async (p) => {
    p.has('CDS same old gone');
    p.asks('CDS');
    await p.hearsInTurn('CDS gone=1 old=1 same=1');
    await p.disconnects();
    p.has('CDS same old=2 new');
    p.resumes('CDS');
    await p.hearsInTurn('CDS new=1 old=2 -gone');
    await p.hearsNothing();
  },
  { only: 'delta' },
);

scenario(
  'and by name',
  async (p) => {
    p.has('EDS same old gone');
    p.asks('EDS', 'same', 'old', 'gone');
    await p.hearsInTurn('EDS gone=1 old=1 same=1');
    await p.disconnects();
    p.has('EDS same old=2 new');
    p.resumes('EDS', 'same', 'old', 'gone', 'new');
    await p.hearsInTurn('EDS new=1 old=2 -gone');
  },
  { only: 'delta' },
);

scenario(
  'what is claimed and never existed is taken away; a version nobody knows is replaced',
  async (p) => {
    p.has('CDS a');
    p.keeps('CDS', 'a', 'of another server');
    p.keeps('CDS', 'stranger');
    p.resumes('CDS');
    await p.hearsInTurn('CDS a=1 -stranger');
  },
  { only: 'delta' },
);

scenario(
  'what was kept of one type says nothing of another',
  async (p) => {
    p.has('CDS a', 'LDS a');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1');
    await p.disconnects();
    p.resumes('CDS');
    p.resumes('LDS');
    await p.hearsInTurn('LDS a=1');
    await p.hearsNothing();
  },
  { only: 'delta' },
);

scenario(
  'versions said after the first request of a type mean nothing',
  async (p) => {
    p.has('EDS a b');
    p.asks('EDS', 'a');
    await p.hearsInTurn('EDS a=1');
    p.keeps('EDS', 'b', 'whatever');
    p.resumes('EDS', 'a', 'b');
    await p.hears('EDS a=1 b=1');
  },
  { only: 'delta' },
);

scenario('a nonce of the stream before means nothing on the new one', async (p) => {
  p.has('CDS a', 'EDS a');
  p.asks('CDS');
  await p.hears('CDS a=1');
  const nonce = p.nonce('CDS');
  await p.disconnects();
  p.sends({ typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', versionInfo: 'old', responseNonce: nonce });
  await p.hears('CDS a=1');
  assert.equal(p.server.counters.acks, 0);
});

scenario('an answer that was lost with its stream is sent again', async (p) => {
  const revision = p.has('CDS a');
  p.asks('CDS');
  await p.hears('CDS a=1');
  await p.disconnects();
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  assert.equal((await p.settled(revision)).state, 'acked');
});

scenario('of all that changed meanwhile only the newest comes', async (p) => {
  p.has('RDS to=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=1');
  await p.disconnects();
  for (let i = 2; i < 6; i++) p.has(`RDS to=${i}`);
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=5');
  await p.hearsNothing();
});

/** A proxy whose route leads to one of two clusters loses its stream. */
async function routed(p: ScriptedProxy): Promise<void> {
  p.has('CDS a b', 'RDS to=a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=a');
  await p.disconnects();
}

scenario('on a new stream as well, a cluster goes when the routes have left it', async (p) => {
  await routed(p);
  p.has('CDS b', 'RDS to=b');
  p.resumes('CDS');
  if (p.protocol === 'sotw') await p.hearsInTurn('CDS a=1 b=1');
  p.resumes('RDS', 'to');
  await p.hearsInTurn('RDS to=b', { sotw: 'CDS b=1', delta: 'CDS -a' });
});

scenario('nor is it forgotten that it still has to go when streams are lost on the way', async (p) => {
  await routed(p);
  for (const version of ['2', '3']) {
    p.has(`CDS b=${version}`, 'RDS to=b');
    p.resumes('CDS');
    await p.hears({ sotw: `CDS a=1 b=${version}`, delta: `CDS b=${version}` });
    p.applies('CDS');
    await p.disconnects();
  }
  p.has('CDS c', 'RDS to=c');
  p.resumes('CDS');
  await p.hearsInTurn({ sotw: 'CDS a=1 b=3 c=1', delta: 'CDS c=1' });
  p.resumes('RDS', 'to');
  await p.hearsInTurn('RDS to=c', { sotw: 'CDS c=1', delta: 'CDS -a -b' });
});

scenario('a proxy that starts anew is not given what others still have to lose', async (p) => {
  await routed(p);
  p.has('CDS b', 'RDS to=b');
  p.asks('CDS');
  await p.hearsInTurn('CDS b=1');
});

scenario(
  'a proxy that loses its stream while a cluster warms asks for clusters when it is warm: its routes wait until then',
  async (p) => {
    p.has('CDS a', 'EDS a', 'RDS to=a');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1');
    p.asks('EDS', 'a');
    await p.hearsInTurn('EDS a=1');
    p.asks('RDS', 'to');
    await p.hearsInTurn('RDS to=a');
    p.has('CDS a=2', 'EDS a', 'RDS to=a');
    await p.hears('CDS a=2');
    p.applies('CDS');
    await p.hears('EDS a=1');
    await p.disconnects();
    p.has('CDS b', 'EDS b', 'RDS to=b');
    p.resumes('EDS', 'a');
    await p.hears('EDS a=1');
    p.resumes('RDS', 'to');
    await p.hearsNothing();
    p.resumes('CDS');
    await p.hears({ sotw: 'CDS a=2 b=1', delta: 'CDS b=1' });
    p.asks('EDS', ...(p.protocol === 'sotw' ? ['a', 'b'] : ['b']));
    if (p.protocol === 'sotw') p.acks('EDS');
    await p.hears('EDS b=1');
    p.acks('EDS');
    p.acks('CDS');
    await p.hearsInTurn('RDS to=b', { sotw: 'CDS b=1', delta: 'CDS -a' });
  },
);

scenario('while nothing was set nothing is said, and what was asked for meanwhile is not forgotten', async (p) => {
  await p.appears(() => p.asks('CDS'));
  assert.equal(p.server.counters.pushes, 0);
  p.has('CDS a', 'EDS a');
  p.asks('EDS', 'a');
  await p.hearsInTurn('CDS a=1', 'EDS a=1');
});

scenario('an empty set is an answer', async (p) => {
  p.has();
  p.asks('CDS');
  await p.hearsInTurn('CDS');
  await p.hearsNothing();
});
