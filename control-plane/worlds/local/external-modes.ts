import type { Documents } from '../../api/kinds/parse.ts';
import type { ServiceId } from '../../mesh/topology.ts';

/** What stands in the shadow for something outside; see ShadowExternals. */
export type ExternalMode = 'mock' | 'sandbox' | 'read-only' | 'deny';

/** A mock answers it: all of it, or what the relay to the real one does not let through. */
export const hasMock = (mode: ExternalMode): boolean => mode === 'mock' || mode === 'read-only';

/** The modes of all externals, by name. */
export function externalModes({ application, shadow }: Documents): Map<ServiceId, ExternalMode> {
  const modeOf = (name: ServiceId): ExternalMode => {
    const { mode = 'mock', url } = shadow?.spec.externals?.[name] ?? {};
    // A sandbox that is not named would be the real one, to be written to.
    return mode === 'sandbox' && url === undefined ? 'deny' : mode;
  };
  return new Map(Object.keys(application.spec.externals ?? {}).map((name) => [name, modeOf(name)]));
}

/** Externals whose answers in production a mock learns from. */
export function mockedExternals(documents: Documents): ReadonlySet<ServiceId> {
  return new Set([...externalModes(documents)].flatMap(([name, mode]) => (hasMock(mode) ? [name] : [])));
}
