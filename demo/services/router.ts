import type { Call, Reply, Routes } from './service.ts';

interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handle: (call: Call) => Promise<Reply> | Reply;
}

export interface Match {
  readonly handle: Route['handle'];
  readonly params: Record<string, string>;
}

/** A matcher over routes written `GET /products/:sku`. Answers undefined for an unknown path, 'method' for a known one. */
export function router(routes: Routes): (method: string, path: string) => Match | 'method' | undefined {
  const table: Route[] = Object.entries(routes).map(([pattern, handle]) => {
    const [method, path] = pattern.split(' ') as [string, string];
    return { method, parts: path.split('/'), handle };
  });
  return (method, path) => {
    const parts = path.split('/');
    let known = false;
    for (const route of table) {
      const params = match(route.parts, parts);
      if (!params) continue;
      if (route.method === method) return { handle: route.handle, params };
      known = true;
    }
    return known ? 'method' : undefined;
  };
}

function match(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    if (part.startsWith(':') && parts[i] !== '') params[part.slice(1)] = parts[i]!;
    else if (part !== parts[i]) return undefined;
  }
  return params;
}
