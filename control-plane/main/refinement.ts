import type { LearningStatus } from '../api/plane.ts';
import type { Experience } from '../chaos/experience.ts';
import type { Log } from '../guardian/ports.ts';
import { createLearner, type Learner } from '../learning/learner.ts';
import { specialiseInWorker } from '../learning/pretraining/specialise-worker.ts';
import type { Clock } from '../mesh/clock.ts';
import { rngOf } from '../mesh/rng.ts';
import type { HealthyState } from '../mesh/snapshot.ts';
import type { Topology } from '../mesh/topology.ts';
import type { Policies } from './policies.ts';

/** Training steps after each episode that taught something: about 0.1 s of one core. */
const STEPS = 100;
/** Episodes between two offers to take over. */
const OFFER_EVERY = 5;
/** About a minute of one core at the lowest priority. */
const SPECIALISE = { situations: 300, incidents: 40 } as const;

export interface Refinement {
  onEpisode(experience: Experience): Promise<void>;
  /** Trains the policy on simulated copies of this application, once; it takes over only where it does better there. */
  specialise(topology: Topology, healthy: HealthyState, signal: AbortSignal): Promise<void>;
  status(): LearningStatus;
  close(): Promise<void>;
}

/** Refines the policy: for this application in simulation, and with what the shadow's episodes measured. */
export async function createRefinement(options: {
  readonly policies: Policies;
  readonly clock: Clock;
  readonly logger: Log;
}): Promise<Refinement> {
  const { policies, clock, logger } = options;
  const base = policies.base;
  let learner: Learner | undefined;
  let unusable = 'no usable model to refine';
  if (base) {
    try {
      learner = await createLearner({ model: base.bytes, card: base.card, rng: rngOf(clock.now()) });
    } catch (error) {
      // A model of another make may decide very well; only its parameters cannot be read back.
      unusable = `${policies.current().version} cannot be refined: ${(error as Error).message}`;
      logger.warn({ err: error }, unusable);
    }
  }
  let lastTrainedAt: number | undefined;
  let episodes = 0;
  let specialising: string | undefined;
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
    async specialise(topology, healthy, signal) {
      // What an earlier run made for this application is still good.
      if (!learner || !base || base.specialised) return;
      const seed = clock.now() % 1_000_000;
      specialising = 'fitting the simulator to this application and training in it';
      try {
        const { bytes: model, card } = base;
        const made = await specialiseInWorker({ model, card, topology, healthy, seed, ...SPECIALISE }, signal);
        if (!made) {
          logger.info({}, 'training for this application did not do better than the shipped policy, which stays');
          return;
        }
        const policy = await learner.rebase(made.model, made.card);
        if (!policy) return;
        policies.promote(policy);
        const { before, after } = made;
        logger.info(
          { version: policy.version, before: before.recovered, after: after.recovered },
          'a policy trained for this application takes over',
        );
      } catch (error) {
        if (!signal.aborted)
          logger.warn({ err: error }, 'training for this application failed; the shipped policy stays');
      } finally {
        specialising = undefined;
      }
    },
    status() {
      const version = policies.current().version;
      if (!learner) {
        return { trainingSteps: 0, policyVersion: version, experiences: 0, promotions: 0, note: unusable };
      }
      const { trainingSteps, loss, experiences, promotions, held } = learner.status();
      const note = specialising ?? held;
      return {
        trainingSteps,
        ...(loss === undefined ? {} : { loss }),
        policyVersion: version,
        experiences,
        promotions,
        ...(lastTrainedAt === undefined ? {} : { lastTrainedAt }),
        ...(note === undefined ? {} : { note }),
      };
    },
    async close() {
      await learner?.close();
    },
  };
}
