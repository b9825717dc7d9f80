import { readFile } from 'node:fs/promises';
import type { LearningStatus } from '../api/plane.ts';
import type { Experience } from '../chaos/experience.ts';
import type { Log } from '../guardian/ports.ts';
import { createLearner, type Learner } from '../learning/learner.ts';
import type { Clock } from '../mesh/clock.ts';
import { rngOf } from '../mesh/rng.ts';
import type { Policies } from './policies.ts';

/** Training steps after each episode that taught something: about 0.1 s of one core. */
const STEPS = 100;
/** Episodes between two offers to take over. */
const OFFER_EVERY = 5;

/** Refines the policy with what the shadow's episodes measured; without a usable model there is nothing to refine. */
export async function createRefinement(options: {
  readonly model: string;
  readonly policies: Policies;
  readonly clock: Clock;
  readonly logger: Log;
}): Promise<{ onEpisode(experience: Experience): Promise<void>; status(): LearningStatus; close(): Promise<void> }> {
  const { policies, clock, logger } = options;
  let learner: Learner | undefined;
  if (policies.model) {
    const bytes = new Uint8Array(await readFile(options.model));
    learner = await createLearner({ model: bytes, card: policies.model.card, rng: rngOf(clock.now()) });
  }
  let lastTrainedAt: number | undefined;
  let episodes = 0;
  return {
    async onEpisode(experience) {
      if (!learner) return;
      const taken = await learner.add(experience.steps);
      if (taken === 0) return;
      episodes++;
      if ((await learner.train(STEPS)) > 0) lastTrainedAt = clock.now();
      if (episodes % OFFER_EVERY !== 0) return;
      const refined = await learner.refine();
      if (!refined) return;
      policies.promote(refined);
      logger.info({ version: refined.version }, 'a refined policy takes over');
    },
    status() {
      const version = policies.current().version;
      if (!learner)
        return {
          trainingSteps: 0,
          policyVersion: version,
          experiences: 0,
          promotions: 0,
          note: 'no usable model to refine',
        };
      const { trainingSteps, loss, experiences, promotions, held } = learner.status();
      return {
        trainingSteps,
        ...(loss === undefined ? {} : { loss }),
        policyVersion: version,
        experiences,
        promotions,
        ...(lastTrainedAt === undefined ? {} : { lastTrainedAt }),
        ...(held === undefined ? {} : { note: held }),
      };
    },
    async close() {
      await learner?.close();
    },
  };
}
