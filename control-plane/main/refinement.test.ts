import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets } from '../assets.ts';
import type { PolicyCard } from '../learning/card.ts';
import { staticPolicy } from '../learning/static-policy.ts';
import { wallClock } from '../mesh/clock.ts';
import type { Policies } from './policies.ts';
import { createRefinement } from './refinement.ts';

const card = JSON.parse(readFileSync(assets.policyCard, 'utf8')) as PolicyCard;
const policiesWith = (bytes: Uint8Array): Policies => ({
  base: { bytes, card, specialised: false },
  current: () => ({ ...staticPolicy, version: card.version }),
  kind: () => 'onnx',
  notes: () => [],
  decider: () => 'learned',
  decide() {},
  promote: () => assert.fail('nothing is promoted'),
});

test('a model whose parameters cannot be read back decides as it is; that it is not refined is said', async () => {
  const warnings: string[] = [];
  const logger = {
    info() {},
    warn: (_: object, message: string) => void warnings.push(message),
    error: (_: object, message: string) => assert.fail(message),
  };
  const refinement = await createRefinement({ policies: policiesWith(new Uint8Array(8)), clock: wallClock, logger });
  const status = refinement.status();
  assert.match(status.note!, /cannot be refined/);
  assert.equal(status.trainingSteps, 0);
  assert.equal(warnings.length, 1);
  await refinement.onEpisode({ episode: 'e1', control: false, at: 0, recovered: true, steps: [], curve: [] });
  await refinement.close();
});
