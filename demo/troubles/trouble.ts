import type { Affliction } from '../services/affliction.ts';

/** Takes back what was applied. Resolves when it is gone; harmless when called twice. */
export type Undo = () => Promise<void>;

/** Which replicas of a service: all there are and will be, or those with these numbers. */
export type Replicas = 'all' | readonly number[];

/** What a trouble may do to the shop. Only production is behind it. */
export interface Victim {
  /** In force until undone, also in replicas that start again or are added. @throws Error when none is running */
  afflict(service: string, replicas: Replicas, affliction: Affliction): Promise<Undo>;
  /** Multiplies what users send. @throws Error when no load is running */
  multiplyLoad(factor: number): Promise<Undo>;
}

/** Something production suffers from: apply and undo are a pair. Umbra is not told. */
export interface Trouble {
  readonly name: string;
  /** In one sentence: what goes wrong, and why it does not go away by itself. */
  readonly about: string;
  apply(victim: Victim): Promise<Undo>;
}

/** Applies several at once; takes back what was applied when one of them fails. */
export async function together(applied: readonly Promise<Undo>[]): Promise<Undo> {
  const results = await Promise.allSettled(applied);
  const undos = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const undo = async () => {
    await Promise.all(undos.map((each) => each()));
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return undo;
  await undo();
  throw failed.reason;
}
