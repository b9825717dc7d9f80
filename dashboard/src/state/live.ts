import type { History, HistoryPoint } from '../../../control-plane/api/history.ts';
import { type PlaneStatus, type SeenWorld, seenWorlds } from '../../../control-plane/api/plane.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import type { Snapshot } from '../../../control-plane/mesh/snapshot.ts';
import { followPoints, followSpans } from '../lib/spans.ts';
import { get, rememberedToken } from './api.ts';
import { getState, notify, type State, setState } from './store.ts';
import { followStream } from './stream.ts';

interface Tick {
  at: number;
  status: PlaneStatus;
  worlds: Record<SeenWorld, { latest?: Snapshot; point?: HistoryPoint; leases: Lease[] }>;
}

/** So many incidents are loaded, the newest. */
export const MOST_INCIDENTS = 50;

/** Lists by the name the server uses when one is out of date. */
const lists = {
  incidents: `/incidents?limit=${MOST_INCIDENTS}`,
  episodes: '/episodes?limit=60',
  patterns: '/patterns',
  overrides: '/overrides',
  audit: '/audit?limit=60',
  ledger: '/ledger?limit=40',
  fidelity: '/fidelity',
  learning: '/learning',
  mirror: '/mirror',
} as const;
type List = keyof typeof lists;

/** Numbers that move without an event. */
const SLOW_MS = 5_000;
const SILENT_MS = 4_000;
/** Lists that could not be loaded are asked for again after this. */
const AGAIN_MS = 2_000;

/** When all is loaded anew, with the first tick after; ms since the epoch. */
let due = Number.POSITIVE_INFINITY;
/** What is shown lacks something, though ticks may come. */
let incomplete = false;

const lost = () => setState({ connection: 'lost' });
function missed(): void {
  incomplete = true;
  due = Date.now() + AGAIN_MS;
  lost();
}

async function refresh(names: readonly List[]): Promise<void> {
  const found = await Promise.all(names.map(async (name) => [name, await get(lists[name])] as const));
  setState(Object.fromEntries(found) as Partial<State>);
  if (names.includes('incidents')) await Promise.all(Object.keys(getState().explained).map(explain));
}

/** Loads why an incident was treated as it was; again whenever incidents changed, while it is looked at. */
export async function explain(id: string): Promise<void> {
  try {
    const explanation = await get(`/incidents/${encodeURIComponent(id)}/explain`);
    setState({ explained: { ...getState().explained, [id]: explanation as State['explained'][string] } });
  } catch (e) {
    notify('error', (e as Error).message);
  }
}
export function stopExplaining(id: string): void {
  const { [id]: _, ...explained } = getState().explained;
  setState({ explained });
}

async function loadAll(): Promise<void> {
  due = Number.POSITIVE_INFINITY;
  const [topology, ...histories] = await Promise.all([
    get<State['topology']>('/topology'),
    ...seenWorlds.map((world) => get<History>(`/worlds/${world}/history`)),
  ]);
  const worlds = { ...getState().worlds };
  seenWorlds.forEach((world, i) => {
    worlds[world] = { ...worlds[world], points: histories[i]!.points, spans: histories[i]!.spans };
  });
  setState({ ...(topology ? { topology } : {}), worlds });
  await refresh(Object.keys(lists) as List[]);
  incomplete = false;
}

function onTick({ at, status, worlds }: Tick): void {
  const before = getState().worlds;
  const next = { ...before };
  for (const world of seenWorlds) {
    const { latest, point, leases } = worlds[world];
    next[world] = {
      ...(latest ? { latest } : {}),
      leases,
      points: followPoints(before[world].points, point),
      spans: followSpans(before[world].spans, leases, at),
    };
  }
  setState({ ...(incomplete ? {} : { connection: 'live' }), skew: at - Date.now(), status, worlds: next });
}

/** Follows the control plane for as long as the page is shown, through its restarts. */
export function connect(): void {
  setState({ token: rememberedToken() });
  let heard = Date.now();
  followStream('/api/v1/events', {
    // Whatever was missed while away is loaded anew.
    open() {
      due = 0;
    },
    lost,
    left: () => setState({ connection: 'connecting' }),
    events: {
      tick(data) {
        heard = Date.now();
        onTick(data as Tick);
        if (heard >= due) void loadAll().catch(missed);
      },
      changed(data) {
        const { what } = data as { what: string[] };
        void refresh(what.filter((name) => name in lists) as List[]).catch(missed);
      },
    },
  });
  setInterval(() => {
    if (Date.now() - heard > SILENT_MS && getState().connection === 'live') lost();
    if (getState().connection === 'live') void refresh(['fidelity', 'learning', 'mirror']).catch(missed);
  }, SLOW_MS);
}
