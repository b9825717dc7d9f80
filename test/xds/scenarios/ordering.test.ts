import assert from 'node:assert/strict';
import { scenario } from './proxy.ts';

scenario(
  'what is new comes as clusters, endpoints, listeners, routes, each when the one before is acknowledged',
  async (p) => {
    p.has('CDS a', 'EDS a', 'LDS in', 'RDS to=a');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1');
    p.asks('EDS', 'a', 'b');
    await p.hearsInTurn({ sotw: 'EDS a=1', delta: 'EDS a=1 -b' });
    p.asks('LDS');
    await p.hearsInTurn('LDS in=1');
    p.asks('RDS', 'to');
    await p.hearsInTurn('RDS to=a');
    const revision = p.has('RDS to=b', 'LDS in=2', 'EDS a b', 'CDS a b');
    await p.hears({ sotw: 'CDS a=1 b=1', delta: 'CDS b=1' });
    // Endpoints do not wait: clusters are acknowledged when they are warm, and endpoints warm them.
    await p.hears('EDS b=1');
    await p.hearsNothing();
    p.acks('CDS');
    await p.hearsNothing();
    p.acks('EDS');
    await p.hearsInTurn('LDS in=2', 'RDS to=b');
    assert.equal((await p.settled(revision)).state, 'acked');
  },
);

scenario('a cluster goes when the routes have left it', async (p) => {
  p.has('CDS a b', 'RDS to=a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=a');
  p.has('CDS b', 'RDS to=b');
  await p.hears('RDS to=b');
  await p.hearsNothing();
  p.acks('RDS');
  await p.hearsInTurn({ sotw: 'CDS b=1', delta: 'CDS -a' });
});

scenario('a cluster goes when the listener has left it', async (p) => {
  p.has('CDS a b', 'LDS in=a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  p.asks('LDS');
  await p.hearsInTurn('LDS in=a');
  p.has('CDS b', 'LDS in=b');
  await p.hears('LDS in=b');
  await p.hearsNothing();
  p.acks('LDS');
  await p.hearsInTurn({ sotw: 'CDS b=1', delta: 'CDS -a' });
});

scenario('a cluster that replaces another: both are there until the routes have moved', async (p) => {
  p.has('CDS a', 'RDS to=a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.asks('RDS', 'to');
  await p.hearsInTurn('RDS to=a');
  p.has('CDS b', 'RDS to=b');
  await p.hearsInTurn({ sotw: 'CDS a=1 b=1', delta: 'CDS b=1' }, 'RDS to=b', { sotw: 'CDS b=1', delta: 'CDS -a' });
});

scenario('endpoints alone wait for nobody', async (p) => {
  p.has('CDS a', 'EDS a', 'LDS in');
  p.asks('CDS');
  await p.hears('CDS a=1');
  p.asks('EDS', 'a');
  await p.hearsInTurn('EDS a=1');
  // The cluster is still not acknowledged.
  p.has('CDS a', 'EDS a=2', 'LDS in');
  await p.hearsInTurn('EDS a=2');
});

scenario('runtime layers, extensions and secrets are not held up by clusters', async (p) => {
  p.has('CDS a', 'RTDS layer', 'ECDS filter', 'SDS cert');
  p.asks('CDS');
  await p.hears('CDS a=1');
  p.asks('RTDS', 'layer');
  await p.hears('RTDS layer=1');
  p.asks('ECDS', 'filter');
  await p.hears('ECDS filter=1');
  p.asks('SDS', 'cert');
  await p.hears('SDS cert=1');
});

scenario('a secret comes before the cluster that uses it', async (p) => {
  p.has('SDS cert', 'CDS a');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1');
  p.asks('SDS', 'cert');
  await p.hearsInTurn('SDS cert=1');
  p.has('CDS a=2', 'SDS cert=2');
  await p.hears('SDS cert=2');
  await p.hears('CDS a=2');
});

scenario(
  'clusters that never warm hold routes up for a while, not for ever',
  async (p) => {
    p.has('CDS a', 'RDS to=a');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1');
    p.asks('RDS', 'to');
    await p.hearsInTurn('RDS to=a');
    p.has('CDS a=2', 'RDS to=b');
    await p.hears('CDS a=2');
    await p.hears('RDS to=b');
  },
  { patienceMs: 50 },
);

scenario('the newest state supersedes what was on its way', async (p) => {
  p.has('RDS to=1');
  p.asks('RDS', 'to');
  await p.hears('RDS to=1');
  for (let i = 2; i <= 9; i++) p.has(`RDS to=${i}`);
  await p.hearsNothing();
  p.acks('RDS');
  await p.hearsInTurn('RDS to=9');
  await p.hearsNothing();
});

scenario('setting the same again says nothing', async (p) => {
  const first = p.has('CDS a b', 'LDS in');
  p.asks('CDS');
  await p.hearsInTurn('CDS a=1 b=1');
  assert.equal(p.has('LDS in', 'CDS b a'), first);
  await p.hearsNothing();
});
