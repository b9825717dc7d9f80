import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assets } from '../assets.ts';
import type { PolicyCard } from '../learning/card.ts';
import { loadPolicy } from '../learning/session.ts';
import { openStore } from '../store/sqlite.ts';
import { createPolicies } from './policies.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbra-policies-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const shipped = JSON.parse(readFileSync(assets.policyCard, 'utf8')) as PolicyCard;
const model = new Uint8Array(readFileSync(assets.policyOnnx));
let serial = 0;

/** Runs `work` on what a control plane finds in the store at `path`, and ends as kill -9 does: nothing is closed in order. */
async function life<T>(
  path: string,
  work: (policies: Awaited<ReturnType<typeof createPolicies>>, problems: unknown[]) => T | Promise<T>,
): Promise<T> {
  const problems: unknown[] = [];
  const store = openStore(path);
  const policies = await createPolicies({
    model: assets.policyOnnx,
    card: assets.policyCard,
    store,
    random: () => 0.5,
    onProblem: (e) => problems.push(e),
  });
  return work(policies, problems);
}
const place = () => join(folder, `${++serial}.db`);
const promoted = async (path: string, version: string) =>
  life(path, async (policies) => policies.promote(await loadPolicy(model, { ...shipped, version })));

test('a promoted refinement is in force again, and refinement goes on from it', async () => {
  const path = place();
  const version = `${shipped.version}+100`;
  await promoted(path, version);
  await life(path, (policies, problems) => {
    assert.equal(policies.current().version, version);
    assert.equal(policies.base?.card.version, version);
    assert.deepEqual(policies.base?.bytes, model);
    assert.equal(policies.base?.specialised, false, 'training for the application is still to come');
    assert.deepEqual(problems, []);
  });
  await promoted(path, `${version}~7`);
  await life(path, (policies) => {
    assert.equal(policies.current().version, `${version}~7`, 'the newest counts');
    assert.equal(policies.base?.specialised, true);
  });
});

test('a policy made from another model than is shipped now is left aside', async () => {
  const path = place();
  await promoted(path, `${shipped.version}0+100`);
  await life(path, (policies, problems) => {
    assert.equal(policies.current().version, shipped.version);
    assert.deepEqual(problems, []);
  });
});

test('a kept policy that cannot be read is told, and the shipped one serves', async () => {
  const path = place();
  const kept = { card: { ...shipped, version: `${shipped.version}+1` }, model: 'bm8gbW9kZWw=' };
  openStore(path).putBlob('policy', new TextEncoder().encode(JSON.stringify(kept)));
  await life(path, (policies, problems) => {
    assert.equal(policies.current().version, shipped.version);
    assert.equal(problems.length, 1);
    assert.match(policies.notes().join(), /an earlier run kept cannot be used/);
  });
});
