/** A module under faults, and exchanges through it. */
import assert from 'node:assert/strict';
import type { ChaosFault } from '../../filters/config.ts';
import { Exchange, settleAll } from './exchange.ts';
import { FilterHost } from './harness.ts';
import { JSON_TYPE, request, response } from './requests.ts';

/** Unix ms at which every such host's clock starts. */
export const START = 1_700_000_000_000;

export function chaos(
  faults: Partial<ChaosFault>[],
  more: object = {},
  host = new FilterHost('chaos', { wallMs: START }),
) {
  const root = host.configure({
    generation: 1,
    faults: faults.map((f, i) => ({ id: `f${i}`, expiresAtMs: START + 60_000, ...f })),
    ...more,
  });
  assert.ok(root, host.logs.join());
  return { host, root };
}

export type World = ReturnType<typeof chaos>;

export function get(w: World, path = '/', headers: Record<string, string> = {}): Exchange {
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('GET', path, headers), true);
  return x;
}

/** The service's answer, if the request got there. */
export function serve(x: Exchange, body = '{"a":1}', headers: Record<string, string> = {}): void {
  assert.ok(x.request.ended, 'the request is held');
  x.responseHeaders(response(200, { ...JSON_TYPE, 'content-length': String(body.length), ...headers }), body === '');
  if (body !== '') x.responseBody(body, true);
}

/** A counter or gauge once it is told, which is on the next tick. */
export function counted(w: World, name: string): number {
  w.host.tick(w.root);
  return w.host.metric(`umbra_chaos_${name}`);
}

/** The log once all of it is told, a line each. */
export function logged(w: World): string[] {
  w.host.tick(w.root);
  return w.host.logs.flatMap((said) => said.split('\n'));
}

/** Lets time pass for a world and its exchanges. */
export function run(w: World, exchanges: Exchange[], ms: number): void {
  w.host.run(ms, () => settleAll(exchanges));
}
