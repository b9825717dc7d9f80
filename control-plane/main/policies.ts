import { readFile } from 'node:fs/promises';
import type { Decider } from '../api/plane.ts';
import type { PolicyCard } from '../learning/card.ts';
import { loadPolicy, type ModelPolicy } from '../learning/session.ts';
import { guarded, randomOrderPolicy, staticPolicy } from '../learning/static-policy.ts';
import { UmbraError } from '../mesh/errors.ts';
import type { Policy } from '../mesh/policy.ts';
import type { Store } from '../mesh/store.ts';

/** The model the policy started from, which refinement goes on from. */
export interface BaseModel {
  readonly bytes: Uint8Array;
  readonly card: PolicyCard;
  /** Trained for this application by an earlier run, and kept in the store. */
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
  /** A refined policy that passed its gate takes over. */
  promote(policy: Policy): void;
  /** A policy trained for this application takes over, and is there again after a restart. */
  adopt(policy: ModelPolicy, bytes: Uint8Array): void;
}

const MODEL_BLOB = 'policy.onnx';
const CARD_BLOB = 'policy.json';

/**
 * Loads the policy: the one trained for this application where an earlier run kept one made from the shipped model, else the
 * shipped one. A model that is missing, corrupt or answers nonsense is said aloud and the static rules decide (design, rule 3).
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
      const kept = await ownPolicy(store, card);
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
  const promote = (policy: Policy) => {
    learned = guarded(policy, staticPolicy, fallBack);
  };
  return {
    base: opened?.base,
    current: () => (decider === 'learned' ? learned : decider === 'rules' ? staticPolicy : random),
    kind: () => (opened ? 'onnx' : 'static'),
    notes: () => [...notes],
    decider: () => decider,
    decide(by) {
      decider = by;
    },
    promote,
    adopt(policy, bytes) {
      store.putBlob(MODEL_BLOB, bytes);
      store.putBlob(CARD_BLOB, new TextEncoder().encode(JSON.stringify(policy.card)));
      promote(policy);
    },
  };
}

/** The policy an earlier run made for this application, if it came from the model that is shipped now and still works. */
async function ownPolicy(
  store: Store,
  shipped: PolicyCard,
): Promise<{ policy: ModelPolicy; base: BaseModel } | undefined> {
  const [bytes, text] = [store.blob(MODEL_BLOB), store.blob(CARD_BLOB)];
  if (!bytes || !text) return undefined;
  try {
    const card = JSON.parse(new TextDecoder().decode(text)) as PolicyCard;
    if (!card.version.startsWith(`${shipped.version}~`)) return undefined;
    return { policy: await loadPolicy(bytes, card), base: { bytes, card, specialised: true } };
  } catch {
    // It is made again; the shipped one serves meanwhile.
    return undefined;
  }
}
