import { readFile } from 'node:fs/promises';
import type { Decider } from '../api/plane.ts';
import type { PolicyCard } from '../learning/card.ts';
import { loadPolicy, type ModelPolicy } from '../learning/session.ts';
import { guarded, randomOrderPolicy, staticPolicy } from '../learning/static-policy.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { Policy } from '../mesh/policy.ts';
import type { Store } from '../mesh/store.ts';

export interface Policies {
  /** The policy in force for production. Never throws when it scores: the rules stand in. */
  current(): Policy;
  readonly model: ModelPolicy | undefined;
  kind(): 'onnx' | 'static';
  notes(): string[];
  decider(): Decider;
  decide(by: Decider): void;
  /** A refined policy that passed its gate takes over. */
  promote(policy: Policy): void;
}

/**
 * Loads the shipped policy; a model that is missing, corrupt or answers nonsense is said aloud and the static rules decide
 * (design, rule 3). `random` numbers are uniform in [0, 1).
 */
export async function createPolicies(options: {
  readonly model: string;
  readonly card: string;
  readonly store: Store;
  readonly random: () => number;
  readonly onProblem: (error: unknown) => void;
}): Promise<Policies> {
  const notes: string[] = [];
  let model: ModelPolicy | undefined;
  try {
    const card = JSON.parse(await readFile(options.card, 'utf8')) as PolicyCard;
    model = await loadPolicy(new Uint8Array(await readFile(options.model)), card);
  } catch (error) {
    const problem =
      error instanceof UmbraError
        ? error
        : new UmbraError('UMB0601', error instanceof Error ? error.message : String(error), { cause: error });
    notes.push(`${problem.code} ${problem.message} — ${problem.remedy}`);
    options.onProblem(problem);
  }
  const fallBack = (error: unknown) => {
    const text = `the policy failed and the static rules decided: ${error instanceof Error ? error.message : String(error)}`;
    if (!notes.includes(text)) notes.splice(0, notes.length, ...notes.slice(-4), text);
    options.onProblem(error);
  };
  const random = randomOrderPolicy(options.random);
  let learned: Policy = model ? guarded(model, staticPolicy, fallBack) : staticPolicy;
  let decider: Decider = 'learned';
  return {
    model,
    current: () => (decider === 'learned' ? learned : decider === 'rules' ? staticPolicy : random),
    kind: () => (model ? 'onnx' : 'static'),
    notes: () => [...notes],
    decider: () => decider,
    decide(by) {
      decider = by;
    },
    promote(policy) {
      learned = guarded(policy, staticPolicy, fallBack);
    },
  };
}
