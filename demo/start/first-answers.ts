import { setTimeout as sleep } from 'node:timers/promises';

/** One request down each branch of the shop; none of them writes anything. */
const probes: readonly [path: string, headers: Record<string, string>, expect: number][] = [
  ['/products', {}, 200],
  ['/cart', { cookie: 'sid=nobody' }, 200],
  ['/orders/none', {}, 404],
];
const PAUSE_MS = 100;

/**
 * Resolves true when every branch answered `rounds` times in a row through the users' entry, so that both replicas of each
 * had their turn; false when the signal aborted before.
 */
export async function firstAnswers(url: string, signal: AbortSignal, rounds = 6): Promise<boolean> {
  for (let round = 0; round < rounds; ) {
    const answers = await Promise.all(
      probes.map(([path, headers, expect]) =>
        fetch(url + path, { headers, signal }).then(
          async (answer) => {
            await answer.body?.cancel();
            return answer.status === expect;
          },
          () => false,
        ),
      ),
    );
    if (signal.aborted) return false;
    round = answers.every(Boolean) ? round + 1 : 0;
    if (round < rounds) await sleep(PAUSE_MS);
  }
  return true;
}
