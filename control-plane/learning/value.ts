import { type MitigationKind, mitigationKinds } from '../mesh/mitigation.ts';
import type { EntryWindow } from '../mesh/snapshot.ts';

/** What users get when all is well. */
export interface Usual {
  /** Requests and good answers per second at the entry. */
  readonly offered: number;
  readonly good: number;
}

const clamp01 = (x: number): number => (x > 0 ? (x < 1 ? x : 1) : 0);

/**
 * How well users are served in one window, 0..1: good ÷ offered. Where more is offered than usual, half of it is good answers
 * against the usual number, half the good ratio of the protected priority, blended in between 1.1 and 1.4 times the usual
 * rate: beyond capacity nobody can serve all, and refusing the right ones is worth something.
 */
export function windowValue(entry: EntryWindow, usual: Usual): number {
  const ratio = entry.offered > 0 ? clamp01(entry.good / entry.offered) : 1;
  const surge = usual.offered > 0 ? entry.offered / usual.offered : 1;
  const blend = clamp01((surge - 1.1) / 0.3);
  if (blend === 0) return ratio;
  const held = usual.good > 0 ? clamp01(entry.good / usual.good) : ratio;
  const kept = entry.protectedOffered > 0 ? clamp01(entry.protectedGood / entry.protectedOffered) : held;
  return (1 - blend) * ratio + blend * 0.5 * (held + kept);
}

/** What mitigations in force cost beside goodput, per window: replicas, added load, disturbed connections. */
export function costOf(kinds: readonly MitigationKind[]): number {
  return kinds.reduce((sum, kind) => sum + mitigationKinds[kind].cost, 0);
}
