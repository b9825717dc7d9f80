import { isDeepStrictEqual } from 'node:util';
import type { Documents } from '../../../api/kinds/parse.ts';
import { topologyOf } from '../../../api/kinds/topology.ts';
import { UmbraError } from '../../../mesh/errors.ts';

/** What a run is made of: proxies, walls, telemetry and what was learned are about it. */
const fixed: Readonly<Record<string, (documents: Documents) => unknown>> = {
  'services, what they speak or calls': ({ application }) => {
    const { services, edges } = topologyOf(application);
    const spoken = Object.values(services).map(({ id, protocol }) => `${id} ${protocol}`);
    return [spoken.sort(), Object.keys(edges).sort()];
  },
  "the application's name": ({ application }) => application.metadata.name,
  "the entry's port": ({ application }) => application.spec.entry.port,
  'whether there is a Shadow': ({ shadow }) => shadow !== undefined,
  "the Shadow's isolation": ({ shadow }) => shadow?.spec.isolation,
  "the Shadow's resources": ({ shadow }) => shadow?.spec.resources,
  "the Shadow's externals": ({ application, shadow }) =>
    Object.entries(shadow?.spec.externals ?? {}).map(([name, { mode, url }]) => {
      const reached = mode === 'sandbox' || mode === 'read-only';
      return [name, mode, reached ? (url ?? application.spec.externals?.[name]?.url) : ''];
    }),
  'chaos.load': ({ shadow }) => shadow?.spec.chaos?.load,
};

/** @throws UmbraError UMB0101 where a run that began with other documents cannot follow these */
export function assertFollowable(before: Documents, after: Documents): void {
  const changed = Object.keys(fixed).filter((what) => !isDeepStrictEqual(fixed[what]!(before), fixed[what]!(after)));
  if (changed.length === 0) return;
  throw new UmbraError('UMB0101', `a run cannot follow a change of ${changed.join(', ')}; nothing was changed here`, {
    remedy: 'Stop `umbra up` and start it again.',
  });
}

/** Fields that are followed while the control plane runs: replicas by the supervisor, the mirror by its own configuration. */
const followed = {
  entry: ['session', 'health'],
  service: ['command', 'cwd', 'env', 'secrets', 'version', 'health', 'data', 'resources'],
  shadow: ['scale', 'secrets', 'identity', 'mirror'],
};

/** Whether the control plane has to start again to follow: it reads at its start whatever is not known to be followed otherwise. */
export function restartsControlPlane(before: Documents, after: Documents): boolean {
  return !isDeepStrictEqual(readAtStart(before), readAtStart(after));
}

function readAtStart({ application, shadow }: Documents): unknown {
  const { entry, services } = application.spec;
  return {
    entry: without(entry, followed.entry),
    services: Object.fromEntries(Object.entries(services).map(([id, spec]) => [id, without(spec, followed.service)])),
    shadow: without(shadow?.spec ?? {}, followed.shadow),
    // The recorder of what is outside hides the same.
    redact: shadow?.spec.mirror?.redact,
  };
}

const without = (fields: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
