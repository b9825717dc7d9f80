import { readFileSync } from 'node:fs';
import { assets } from '../../control-plane/assets.ts';
import { hardeningOf } from '../../control-plane/learning/pretraining/hardening.ts';
import type { Mitigation } from '../../control-plane/mesh/mitigation.ts';
import type { HealthyState } from '../../control-plane/mesh/snapshot.ts';
import type { Topology } from '../../control-plane/mesh/topology.ts';

/**
 * The best fixed configuration, as the training searched it over all subsets of its elements in simulation: the policy's card
 * names it. It stands before, during and after the trouble.
 */
export function fixedConfiguration(topology: Topology): readonly Mitigation[] {
  const card = JSON.parse(readFileSync(assets.policyCard, 'utf8')) as { training: { hardening?: string[] } };
  const names = card.training.hardening;
  if (!names) throw new Error('the policy’s card does not name the best fixed configuration; npm run train writes it');
  const nothing: HealthyState = { edges: {}, services: {}, goodput: 0 };
  return hardeningOf(names)(topology, nothing);
}
