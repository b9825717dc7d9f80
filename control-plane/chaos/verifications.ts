import type { Plan } from '../mesh/mitigation.ts';
import type { Diagnosis } from '../mesh/record.ts';

/** What production asks the shadow to try, first come, first served. */
export interface Verifications {
  /** Resolves with the plan that helped, or undefined: nothing did, or it came to no trial. */
  ask(diagnosis: Diagnosis, candidates: Plan): Promise<Plan | undefined>;
  /** Something was asked and is not being tried yet. */
  waiting(): boolean;
  /** Something was asked and has no answer yet. */
  open(): boolean;
  /** Answers all that was asked with what `trial` gives for it. Rejects as `trial` does; the asker then has its answer too. */
  answer(trial: (diagnosis: Diagnosis, candidates: Plan) => Promise<Plan | undefined>): Promise<void>;
  /** Answers what waits: nothing will be tried any more. */
  dismiss(): void;
}

export function createVerifications(): Verifications {
  const queue: {
    readonly diagnosis: Diagnosis;
    readonly candidates: Plan;
    readonly answered: PromiseWithResolvers<Plan | undefined>;
  }[] = [];
  let trying = false;
  return {
    ask(diagnosis, candidates) {
      const answered = Promise.withResolvers<Plan | undefined>();
      queue.push({ diagnosis, candidates, answered });
      return answered.promise;
    },
    waiting: () => queue.length > 0,
    open: () => trying || queue.length > 0,
    async answer(trial) {
      trying = true;
      try {
        for (let asked = queue.shift(); asked; asked = queue.shift()) {
          let plan: Plan | undefined;
          try {
            plan = await trial(asked.diagnosis, asked.candidates);
          } finally {
            asked.answered.resolve(plan);
          }
        }
      } finally {
        trying = false;
      }
    },
    dismiss() {
      for (const { answered } of queue.splice(0)) answered.resolve(undefined);
    },
  };
}
