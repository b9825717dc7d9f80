import type { Description, ReadyInfo } from '../protocol.ts';
import type { Handlers } from '../rpc.ts';
import type { ShadowHost } from './shadow-host.ts';
import type { WorldRuntime } from './world-runtime.ts';

/** What the control plane's requests reach. */
export interface Reachable {
  describe(): Description;
  production(): WorldRuntime;
  /** Or why there is none. */
  shadow(): ShadowHost | string;
  ready(info: ReadyInfo): void;
}

/** What the supervisor does for the control plane. Faults reach the shadow: there is no request that could name production. */
export function requestsOf(parts: Reachable): Handlers {
  const shadow = () => {
    const found = parts.shadow();
    if (typeof found === 'string') throw new Error(found);
    return found;
  };
  const shadowIfAny = () => {
    const found = parts.shadow();
    return typeof found === 'string' ? undefined : found;
  };
  return {
    describe: () => parts.describe(),
    scale: async ({ world, service, replicas }) => {
      const runtime = world === 'production' ? parts.production() : shadow().runtime;
      const result = await runtime.scale(service, replicas);
      if (world === 'production') void shadowIfAny()?.followScale(service);
      return result;
    },
    fault: ({ id, operation, expiresAt }) => shadow().faults.apply(id, operation, expiresAt),
    clearFault: async ({ id }) => ({ cleared: await shadow().faults.clear(id) }),
    faultState: ({ id }) => shadow().faults.state(id),
    faults: () => ({ ids: shadowIfAny()?.faults.ids() ?? [] }),
    snapshotState: async () => ({ services: await shadow().snapshotState() }),
    resetState: async () => ({ services: await shadow().resetState() }),
    recorded: ({ external, answers }) => ({ kept: shadow().recorded(external, answers) }),
    ready: (info) => {
      parts.ready(info);
      return {};
    },
  };
}
