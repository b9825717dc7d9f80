import assert from 'node:assert/strict';
import { scenario } from './proxy.ts';

const clientFeatures = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw'];

/** State of the world repeats the body, as Envoy needs it. */
const refreshed = (name: string, ttlMs: number) => ({ sotw: `RTDS ${name}=1@${ttlMs}`, delta: `RTDS ~${name}` });

scenario('a time to live is told only to who understands it', async (p) => {
  p.has('RTDS layer@60000');
  p.asks('RTDS', 'layer');
  await p.hearsInTurn('RTDS layer=1');
});

scenario(
  'it is refreshed in the same version, over and over, before it ends',
  async (p) => {
    p.has('RTDS layer@300 other');
    p.asks('RTDS', 'layer', 'other');
    await p.hears('RTDS layer=1@300 other=1');
    const version = p.version('RTDS');
    p.acks('RTDS');
    for (let i = 0; i < 3; i++) {
      await p.hears(refreshed('layer', 300));
      assert.equal(p.version('RTDS'), version);
      p.acks('RTDS');
    }
  },
  { clientFeatures },
);

scenario(
  'a refresh that is not acknowledged is not followed by another',
  async (p) => {
    p.has('RTDS layer@40');
    p.asks('RTDS', 'layer');
    await p.hearsInTurn('RTDS layer=1@40');
    await p.hears(refreshed('layer', 40));
    // Another resource's refreshes show that time has passed.
    p.has('RTDS layer@40', 'ECDS clock@40');
    p.asks('ECDS', 'clock');
    await p.hearsInTurn('ECDS clock=1@40');
    for (let i = 0; i < 3; i++) await p.hearsInTurn({ sotw: 'ECDS clock=1@40', delta: 'ECDS ~clock' });
    p.acks('RTDS');
  },
  { clientFeatures },
);

scenario(
  'what goes is not refreshed any more',
  async (p) => {
    p.has('RTDS layer@2000 other');
    p.asks('RTDS', 'layer', 'other');
    await p.hearsInTurn('RTDS layer=1@2000 other=1', refreshed('layer', 2000));
    p.has('RTDS other');
    if (p.protocol === 'delta') await p.hearsInTurn('RTDS -layer');
    p.has('RTDS other=2');
    await p.hearsInTurn('RTDS other=2');
    await p.hearsNothing();
  },
  { clientFeatures },
);

scenario(
  'a time to live that is taken away is told, or the proxy would drop what it has',
  async (p) => {
    p.has('RTDS layer@60000');
    p.asks('RTDS', 'layer');
    await p.hearsInTurn('RTDS layer=1@60000');
    p.has('RTDS layer');
    await p.hearsInTurn('RTDS layer=1');
    p.has('RTDS layer@30000');
    await p.hearsInTurn('RTDS layer=1@30000');
    await p.hearsNothing();
  },
  { clientFeatures },
);

scenario(
  'clusters are refreshed whole: one that is missing would be deleted',
  async (p) => {
    p.has('CDS a b@300');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1 b=1@300');
    await p.hears('CDS a=1 b=1@300');
  },
  { clientFeatures, only: 'sotw' },
);

scenario(
  'on a new stream what was kept is refreshed at once',
  async (p) => {
    p.has('RTDS layer@60000 other');
    p.asks('RTDS', 'layer', 'other');
    await p.hearsInTurn('RTDS layer=1@60000 other=1');
    await p.disconnects();
    p.resumes('RTDS', 'layer', 'other');
    await p.hearsInTurn('RTDS ~layer');
    await p.hearsNothing();
  },
  { clientFeatures, only: 'delta' },
);

scenario(
  'what has a time to live is refreshed while another cluster warms and nothing is acknowledged',
  async (p) => {
    p.has('CDS a@300 b');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1@300 b=1');
    p.has('CDS a@300 b=2');
    await p.hears({ sotw: 'CDS a=1@300 b=2', delta: 'CDS b=2' });
    for (let i = 0; i < 3; i++) await p.hears({ sotw: 'CDS a=1@300 b=2', delta: 'CDS ~a' });
  },
  { clientFeatures, patienceMs: 50 },
);

scenario(
  'listeners are refreshed as they are while they wait for clusters that warm',
  async (p) => {
    p.has('CDS a', 'LDS in@300 out');
    p.asks('CDS');
    await p.hearsInTurn('CDS a=1');
    p.asks('LDS');
    await p.hearsInTurn('LDS in=1@300 out=1');
    p.has('CDS a=2', 'LDS in=2@300 out');
    await p.hears('CDS a=2');
    for (let i = 0; i < 2; i++) await p.hearsInTurn({ sotw: 'LDS in=1@300 out=1', delta: 'LDS ~in' });
  },
  { clientFeatures, patienceMs: 600_000 },
);
