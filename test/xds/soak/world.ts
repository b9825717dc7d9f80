import type { Rng } from '../../../control-plane/mesh/rng.ts';

/** A cluster as the soak varies it. */
export interface SoakCluster {
  /** Any change sends it through warming. */
  readonly policy: 'round robin' | 'least request' | 'random';
  readonly connectTimeoutMs: number;
  /** Indexes of upstreams, never none, with their weights and priorities. */
  readonly endpoints: readonly { readonly upstream: number; readonly weight: number; readonly priority: 0 | 1 }[];
}

export interface SoakRoute {
  /** Clusters, each with the same weight. */
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

export interface SoakListener {
  readonly edition: number;
  /** By path. */
  readonly routes: ReadonlyMap<string, SoakRoute>;
}

/** Everything one proxy should have. */
export interface SoakState {
  readonly clusters: ReadonlyMap<string, SoakCluster>;
  readonly listeners: ReadonlyMap<string, SoakListener>;
  /** Values of the runtime layer and of the discovered filter; they change nothing that a request would notice. */
  readonly runtime: number;
  readonly extension: number;
}

const clusterNames = Array.from({ length: 8 }, (_, i) => `c${i}`);
const listenerNames = Array.from({ length: 4 }, (_, i) => `l${i}`);
const paths = Array.from({ length: 6 }, (_, i) => `/r${i}`);

/** What the soak begins with: two clusters, two listeners. */
export function firstState(rng: Rng, upstreams: number): SoakState {
  const clusters = new Map(['c0', 'c1'].map((name) => [name, randomCluster(rng, upstreams)]));
  const routes = () => new Map(paths.slice(0, 3).map((path) => [path, randomRoute(rng, [...clusters.keys()])]));
  return {
    clusters,
    listeners: new Map(['l0', 'l1'].map((name) => [name, { edition: 0, routes: routes() }])),
    runtime: 0,
    extension: 0,
  };
}

/** A state one to four random changes away: always one that Envoy takes, always with somewhere to send every request. */
export function nextState(state: SoakState, rng: Rng, upstreams: number): SoakState {
  let next = state;
  for (let n = 1 + rng.below(4); n > 0; n--) next = rng.pick(changes)(next, rng, upstreams);
  return next;
}

/** `listener path` of every route. */
export function targets(state: SoakState): string[] {
  return [...state.listeners].flatMap(([name, l]) => [...l.routes.keys()].map((path) => `${name} ${path}`));
}

type Change = (state: SoakState, rng: Rng, upstreams: number) => SoakState;

const addCluster: Change = (state, rng, upstreams) => {
  const free = clusterNames.filter((name) => !state.clusters.has(name));
  if (free.length === 0) return state;
  const name = rng.pick(free);
  const clusters = new Map(state.clusters).set(name, randomCluster(rng, upstreams));
  // Most new clusters are used at once: the route must not be there before them.
  return rng.chance(0.7) ? onRoute({ ...state, clusters }, rng, (r) => ({ ...r, to: [name] })) : { ...state, clusters };
};

const removeCluster: Change = (state, rng) => {
  if (state.clusters.size < 2) return state;
  const gone = rng.pick([...state.clusters.keys()]);
  const clusters = new Map(state.clusters);
  clusters.delete(gone);
  const rest = [...clusters.keys()];
  // The routes that used it go elsewhere in the same update: the cluster must not be gone before them.
  return onEveryRoute({ ...state, clusters }, (r) => (r.to.includes(gone) ? { ...r, to: [rng.pick(rest)] } : r));
};

const changeCluster: Change = (state, rng, upstreams) => {
  const name = rng.pick([...state.clusters.keys()]);
  const { endpoints } = state.clusters.get(name)!;
  return { ...state, clusters: new Map(state.clusters).set(name, { ...randomCluster(rng, upstreams), endpoints }) };
};

const changeEndpoints: Change = (state, rng, upstreams) => {
  const name = rng.pick([...state.clusters.keys()]);
  const { endpoints } = randomCluster(rng, upstreams);
  return { ...state, clusters: new Map(state.clusters).set(name, { ...state.clusters.get(name)!, endpoints }) };
};

const changeRoute: Change = (state, rng) => onRoute(state, rng, () => randomRoute(rng, [...state.clusters.keys()]));

const addRoute: Change = (state, rng) =>
  onListener(state, rng, (listener) => {
    const free = paths.filter((path) => !listener.routes.has(path));
    if (free.length === 0) return listener;
    return {
      ...listener,
      routes: new Map(listener.routes).set(rng.pick(free), randomRoute(rng, [...state.clusters.keys()])),
    };
  });

const removeRoute: Change = (state, rng) =>
  onListener(state, rng, (listener) => {
    if (listener.routes.size < 2) return listener;
    const routes = new Map(listener.routes);
    routes.delete(rng.pick([...routes.keys()]));
    return { ...listener, routes };
  });

const changeListener: Change = (state, rng) => onListener(state, rng, (l) => ({ ...l, edition: 1 + rng.below(1e6) }));

const addListener: Change = (state, rng) => {
  const free = listenerNames.filter((name) => !state.listeners.has(name));
  if (free.length === 0) return state;
  const routes = new Map([[paths[0]!, randomRoute(rng, [...state.clusters.keys()])]]);
  return { ...state, listeners: new Map(state.listeners).set(rng.pick(free), { edition: 0, routes }) };
};

const removeListener: Change = (state, rng) => {
  if (state.listeners.size < 2) return state;
  const listeners = new Map(state.listeners);
  listeners.delete(rng.pick([...listeners.keys()]));
  return { ...state, listeners };
};

const changeRuntime: Change = (state, rng) => ({ ...state, runtime: rng.below(1e6) });
const changeExtension: Change = (state, rng) => ({ ...state, extension: rng.below(1e6) });
/** The very same once more: nothing is to be sent. */
const nothing: Change = (state) => state;

const changes: readonly Change[] = [
  ...[addCluster, addCluster, removeCluster, changeCluster, changeEndpoints, changeEndpoints, changeEndpoints],
  ...[changeRoute, changeRoute, addRoute, removeRoute, changeListener, addListener, removeListener],
  ...[changeRuntime, changeExtension, nothing],
];

function randomCluster(rng: Rng, upstreams: number): SoakCluster {
  const all = Array.from({ length: upstreams }, (_, upstream) => upstream);
  const some = all.filter(() => rng.chance(0.5));
  return {
    policy: rng.pick(['round robin', 'least request', 'random']),
    connectTimeoutMs: 1000 + rng.below(4000),
    endpoints: (some.length > 0 ? some : [rng.pick(all)]).map((upstream, i) => ({
      upstream,
      weight: 1 + rng.below(5),
      // Priorities have no gaps.
      priority: i > 0 && rng.chance(0.2) ? 1 : 0,
    })),
  };
}

function randomRoute(rng: Rng, clusters: readonly string[]): SoakRoute {
  const first = rng.pick(clusters);
  const second = rng.pick(clusters);
  return {
    to: rng.chance(0.3) && second !== first ? [first, second] : [first],
    timeoutMs: 20_000 + rng.below(10_000),
  };
}

function onListener(state: SoakState, rng: Rng, change: (l: SoakListener) => SoakListener): SoakState {
  const name = rng.pick([...state.listeners.keys()]);
  return { ...state, listeners: new Map(state.listeners).set(name, change(state.listeners.get(name)!)) };
}

function onRoute(state: SoakState, rng: Rng, change: (r: SoakRoute) => SoakRoute): SoakState {
  return onListener(state, rng, (listener) => {
    const path = rng.pick([...listener.routes.keys()]);
    return { ...listener, routes: new Map(listener.routes).set(path, change(listener.routes.get(path)!)) };
  });
}

function onEveryRoute(state: SoakState, change: (r: SoakRoute) => SoakRoute): SoakState {
  const listeners = new Map(
    [...state.listeners].map(([name, l]) => [
      name,
      { ...l, routes: new Map([...l.routes].map(([path, r]) => [path, change(r)])) },
    ]),
  );
  return { ...state, listeners };
}
