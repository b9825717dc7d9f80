import type { Action } from '../mesh/mitigation.ts';
import type { DecisionContext } from '../mesh/policy.ts';
import type { DecisionOutcome } from '../mesh/record.ts';

/** One step tried in the shadow, with everything a learner needs: what was seen, what was done, and what came of it. */
export interface ExperiencedStep {
  readonly context: DecisionContext;
  readonly action: Action;
  /** With which probability the behaviour policy chose it; 1 for a replayed plan. */
  readonly probability: number;
  /** Mean good ratio over the windows judged, less what was predicted without the step, in shares of goodput (−1..1). */
  readonly advantage: number;
  /** Good ratio predicted without it: from a control of the same fault where there is one, else from the windows before. */
  readonly without: number;
  readonly fromControl: boolean;
  readonly verdict: DecisionOutcome['verdict'];
  readonly policyVersion: string;
}

/** What an episode teaches. Controls have no steps; their curve says what happens without help. */
export interface Experience {
  readonly episode: string;
  readonly control: boolean;
  readonly at: number;
  readonly recovered: boolean;
  readonly steps: readonly ExperiencedStep[];
  /** Good ratio of each window from detection on, while the fault was in force. */
  readonly curve: readonly number[];
}
