import type { Clock } from '../../../mesh/clock.ts';

/** Resolves as `promise` does; rejects with what `late` makes if that takes longer than `ms`. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  const end = new AbortController();
  const deadline = clock.sleep(ms, end.signal).then(() => {
    throw late();
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    end.abort();
    deadline.catch(() => {});
  }
}
