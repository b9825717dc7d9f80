/** A mirror with a configuration, and requests through it. */
import assert from 'node:assert/strict';
import type { MirrorConfig } from '../../filters/config.ts';
import { Exchange } from './exchange.ts';
import { FilterHost, type Headers, type HttpCall } from './harness.ts';

export const base: MirrorConfig = {
  generation: 1,
  cluster: 'shadow',
  percent: 100,
  pseudonymKey: '00112233445566778899aabbccddeeff',
};

export function mirror(change: Partial<MirrorConfig> = {}, host = new FilterHost('mirror')) {
  const root = host.configure({ ...base, ...change });
  assert.ok(root, host.logs.join());
  return { host, root };
}

/** A counter or gauge, told on the heartbeat. */
export function counted(m: { host: FilterHost; root: number }, name: string): number {
  m.host.tick(m.root);
  return m.host.metric(`umbra_mirror_${name}`);
}

/** Sends one request whole and returns the exchange and its copy, if one was sent. */
export function pass(
  m: { host: FilterHost; root: number },
  headers: Headers,
  body?: string | string[],
  trailers?: Headers,
): { x: Exchange; copy: HttpCall | undefined } {
  const before = m.host.httpCalls.length;
  const x = new Exchange(m.host, m.root);
  const chunks = body === undefined ? [] : Array.isArray(body) ? body : [body];
  x.requestHeaders(headers, chunks.length === 0 && !trailers);
  chunks.forEach((chunk, i) => void x.requestBody(chunk, i === chunks.length - 1 && !trailers));
  if (trailers) x.requestTrailers(trailers);
  assert.ok(x.results.every((r) => r === 0));
  return { x, copy: m.host.httpCalls[before] };
}

export function answer(x: Exchange, headers: Headers, body = ''): void {
  x.responseHeaders(headers, body === '');
  if (body !== '') x.responseBody(body, true);
}
