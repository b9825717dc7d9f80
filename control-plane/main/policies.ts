import { readFile } from 'node:fs/promises';
import type { Decider } from '../api/plane.ts';
import type { PolicyCard } from '../learning/card.ts';
import { loadPolicy, type ModelPolicy } from '../learning/session.ts';
import { guarded, randomOrderPolicy, staticPolicy } from '../learning/static-policy.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { Policy } from '../mesh/policy.ts';
import { cameFrom, isSpecialised } from '../mesh/policy-version.ts';
import type { Store } from '../mesh/store.ts';

/** The model the policy started from, which refinement goes on from. */
export interface BaseModel {
  readonly bytes: Uint8Array;
  readonly card: PolicyCard;
  /** Trained for this application already, by an earlier run. */
  readonly specialised: boolean;
}

export interface Policies {
  /** The policy in force for production. Never throws when it scores: the rules stand in. */
  current(): Policy;
  readonly base: BaseModel | undefined;
  kind(): 'onnx' | 'static';
  notes(): string[];
  decider(): Decider;
  decide(by: Decider): void;
  /** A policy that was trained or refined for this application takes over, and is there again after a restart. */
  promote(policy: ModelPolicy): void;
}

/** Where the newest promoted policy is kept: one write, so that a model never meets another's card. */
const KEPT = 'policy';
interface Kept {
  readonly card: PolicyCard;
  /** Base64. */
  readonly model: string;
}

/**
 * Loads the policy: the one that an earlier run promoted, where it was made from the shipped model, else the shipped one. A model that is missing, corrupt or answers nonsense is said aloud and the static rules decide (design, rule 3).
 * `random` numbers are uniform in [0, 1).
 */
export async function createPolicies(options: {
  readonly model: string;
  readonly card: string;
  readonly store: Store;
  readonly random: () => number;
  readonly onProblem: (error: unknown) => void;
}): Promise<Policies> {
  const { store } = options;
  const notes: string[] = [];
  const open = async (): Promise<{ policy: ModelPolicy; base: BaseModel } | undefined> => {
    try {
      const card = JSON.parse(await readFile(options.card, 'utf8')) as PolicyCard;
      const bytes = new Uint8Array(await readFile(options.model));
      const shipped = { policy: await loadPolicy(bytes, card), base: { bytes, card, specialised: false } };
      const kept = await keptPolicy(store, card, (problem) => {
        notes.push(problem.message);
        options.onProblem(problem);
      });
      if (!kept) return shipped;
      await shipped.policy.close();
      return kept;
    } catch (error) {
      const problem =
        error instanceof UmbraError
          ? error
          : new UmbraError('UMB0601', error instanceof Error ? error.message : String(error), { cause: error });
      notes.push(`${problem.code} ${problem.message} — ${problem.remedy}`);
      options.onProblem(problem);
      return undefined;
    }
  };
  const opened = await open();
  const fallBack = (error: unknown) => {
    const text = `the policy failed and the static rules decided: ${error instanceof Error ? error.message : String(error)}`;
    if (!notes.includes(text)) notes.splice(0, notes.length, ...notes.slice(-4), text);
    options.onProblem(error);
  };
  const random = randomOrderPolicy(options.random);
  let learned: Policy = opened ? guarded(opened.policy, staticPolicy, fallBack) : staticPolicy;
  let decider: Decider = 'learned';
  return {
    base: opened?.base,
    current: () => (decider === 'learned' ? learned : decider === 'rules' ? staticPolicy : random),
    kind: () => (opened ? 'onnx' : 'static'),
    notes: () => [...notes],
    decider: () => decider,
    decide(by) {
      decider = by;
    },
    promote(policy) {
      // The one before is not closed: the learner and an episode under way may still ask it. It is freed with the last of them.
      learned = guarded(policy, staticPolicy, fallBack);
      const kept: Kept = { card: policy.card, model: Buffer.from(policy.model).toString('base64') };
      store.putBlob(KEPT, new TextEncoder().encode(JSON.stringify(kept)));
    },
  };
}

/** The policy an earlier run promoted, if it came from the model that is shipped now and still works. */
async function keptPolicy(
  store: Store,
  shipped: PolicyCard,
  onProblem: (problem: Error) => void,
): Promise<{ policy: ModelPolicy; base: BaseModel } | undefined> {
  const text = store.blob(KEPT);
  if (!text) return undefined;
  try {
    const { card, model } = JSON.parse(new TextDecoder().decode(text)) as Kept;
    if (!cameFrom(card.version, shipped.version)) return undefined;
    const bytes = new Uint8Array(Buffer.from(model, 'base64'));
    return { policy: await loadPolicy(bytes, card), base: { bytes, card, specialised: isSpecialised(card.version) } };
  } catch (cause) {
    const why = `the policy an earlier run kept cannot be used, the shipped one serves: ${(cause as Error).message}`;
    onProblem(new Error(why, { cause }));
    return undefined;
  }
}
