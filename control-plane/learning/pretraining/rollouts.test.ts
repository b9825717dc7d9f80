import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAction } from '../../mesh/mitigation.ts';
import { meshOf, retryCollapse } from '../../worlds/simulated/fixtures.ts';
import { evaluate } from './evaluate.ts';
import { bestHardening } from './hardening.ts';
import { begin, type Incident, suffers } from './incidents.ts';
import { lookAhead, play } from './play.ts';
import { optionsOf, plainAdvantages, policyAdvantages, type Scorer } from './rollouts.ts';

/** A service with a stand-by is gone for good. */
const gone: Incident = {
  spec: meshOf({ front: {}, back: { failover: 'spare' }, spare: {} }, { 'ingress>front': {}, 'front>back': {} }),
  seed: 1,
  trouble: {
    faults: [{ kind: 'outage', target: { service: 'back' }, magnitude: 1, share: 1, durationMs: 1e6, seed: 1 }],
  },
  seen: 3,
  calm: false,
};

const waits: Scorer = async (_, rows) => new Float32Array(rows).fill(-1);

test('rollouts find the failover, and price what is useless at no more than nothing', async () => {
  const situation = begin(gone)!;
  assert.ok(suffers(situation));
  const { candidates } = optionsOf(situation);
  const names = candidates.map((c) => describeAction(c.action));
  const at = names.indexOf('failover@front>back×1');
  const plain = plainAdvantages(situation, candidates);
  const policy = await policyAdvantages(situation, candidates, waits);
  for (const advantages of [plain, policy]) {
    assert.equal(advantages.indexOf(Math.max(...advantages)), at);
    assert.ok(advantages[at]! > 0.7);
    assert.ok(advantages[names.indexOf('outlier-detection@ingress>front×1')]! <= 0);
  }
});

test('labels do not touch the situation they are taken from', async () => {
  const situation = begin(gone)!;
  const before = situation.sim.now;
  const { candidates } = optionsOf(situation);
  const [a, b] = [plainAdvantages(situation, candidates), plainAdvantages(situation, candidates)];
  assert.deepEqual(a, b);
  assert.equal(situation.sim.now, before);
  assert.deepEqual(situation.inForce, []);
});

test('one who looks ahead heals it in one step; a standing configuration that fits does not lose what it guards', async () => {
  const played = await play(begin(gone)!, lookAhead);
  assert.ok(played.value > 0.9 && played.steps === 1, JSON.stringify(played));
  const [none, ahead] = await evaluate([gone], [{ name: 'ahead', player: lookAhead, patience: 4 }]);
  assert.equal(none!.recovered, 0);
  assert.equal(ahead!.recovered, 1);
  assert.equal(ahead!.harm, 0);
});

test('the search for a fixed configuration finds what prevents a retry collapse', () => {
  const collapse: Incident = {
    spec: retryCollapse(),
    seed: 1,
    trouble: { faults: [], surge: { factor: 5, durationMs: 10_000 } },
    seen: 14,
    calm: false,
  };
  const best = bestHardening([collapse]);
  assert.ok(best.names.length > 0);
  assert.ok(best.value > 0.5, JSON.stringify(best));
});
