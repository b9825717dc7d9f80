import type { Headers } from './harness.ts';

/** Request headers as Envoy hands them to a filter. */
export function request(method: string, path: string, more: Record<string, string> = {}): Headers {
  return [
    [':authority', 'shop.example'],
    [':path', path],
    [':method', method],
    [':scheme', 'http'],
    ...Object.entries(more),
  ];
}

export function response(status: number, more: Record<string, string> = {}): Headers {
  return [[':status', String(status)], ...Object.entries(more)];
}

export const JSON_TYPE = { 'content-type': 'application/json' };

export function headerOf(headers: Headers | undefined, name: string): string | undefined {
  return headers?.find(([n]) => n === name)?.[1];
}
