import type { Resource } from './resource.ts';

/** Answers of a few resources are likely the same for many streams that ask for different names. */
export function smallKey(resources: readonly Resource[], removed: readonly string[]): string | undefined {
  if (resources.length + removed.length > 4) return undefined;
  return `only ${JSON.stringify([resources.map((r) => [r.name, r.version]), removed])}`;
}
