/**
 * How long whoever asks the API waits for its answer, ms. Everything it shows is at hand. An order is answered when it is carried
 * out: replicas may take 30 s to answer, after those of an order before.
 */
export function patienceFor(method: string): number {
  return method === 'GET' ? 10_000 : 90_000;
}
