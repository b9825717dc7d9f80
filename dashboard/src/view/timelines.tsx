import { useState } from 'preact/hooks';
import type { HistoryPoint } from '../../../control-plane/api/history.ts';
import { type SeenWorld, seenWorlds } from '../../../control-plane/api/plane.ts';
import type { Incident } from '../../../control-plane/mesh/record.ts';
import { pct, rate, timeOfDay } from '../lib/format.ts';
import type { Band } from '../lib/lanes.ts';
import { useTheme } from '../lib/theme.ts';
import type { State, WorldView } from '../state/store.ts';
import { Chart } from './chart.tsx';
import { Empty, Panel } from './panel.tsx';

const windows = [
  ['2 min', 120_000],
  ['5 min', 300_000],
  ['15 min', 900_000],
] as const;

/** Goodput of both worlds over the same time. */
export function Timelines({ state }: { state: State }) {
  const [windowMs, setWindow] = useState(300_000);
  const [at, setAt] = useState<number>();
  const theme = useTheme();
  const now = Date.now() + state.skew;
  const windowNames = windows.map(([name, value]) => (
    <button
      key={value}
      type="button"
      class={value === windowMs ? 'on' : ''}
      aria-pressed={value === windowMs}
      onClick={() => setWindow(value)}
    >
      {name}
    </button>
  ));
  return (
    <Panel
      id="goodput"
      title="Goodput over time"
      aside={
        <>
          <span class="legend">
            <i class="offered" /> offered <i class="good" /> good <i class="fault" /> fault or incident{' '}
            <i class="mitigation" /> mitigation
          </span>
          <span class="segments">{windowNames}</span>
        </>
      }
    >
      <div class="charts">
        {seenWorlds.map((world) => {
          const view = state.worlds[world];
          const shown = view.points.filter((p) => p.at >= now - windowMs);
          return (
            <div key={world} class="chart-box">
              <div class="chart-head">
                <b>{world}</b>
                <Readout view={view} at={at} />
              </div>
              {view.points.length < 2 ? (
                <Empty>{whyNoChart(state, world)}</Empty>
              ) : (
                <Chart
                  points={view.points}
                  bands={bandsOf(view, world === 'production' ? (state.incidents ?? []) : [])}
                  theme={theme}
                  now={now}
                  windowMs={windowMs}
                  most={Math.max(...shown.map((p) => p.offered), 1)}
                  onHover={setAt}
                  label={`Goodput of ${world}`}
                />
              )}
            </div>
          );
        })}
      </div>
    </Panel>
  );
}

function bandsOf(view: WorldView, incidents: readonly Incident[]): Band[] {
  const spans: Band[] = view.spans.map((s) => ({
    id: s.id,
    kind: s.type,
    label: s.label,
    from: s.from,
    ...(s.to === undefined ? {} : { to: s.to }),
  }));
  const suffered: Band[] = incidents.map((i) => {
    const to = i.recoveredAt ?? i.closedAt;
    return {
      id: i.id,
      kind: 'incident',
      label: `incident ${i.id}`,
      from: i.onset,
      ...(to === undefined ? {} : { to }),
    };
  });
  return [...suffered, ...spans];
}

/** The values under the cursor, or the newest. */
function Readout({ view, at }: { view: WorldView; at: number | undefined }) {
  const point = at === undefined ? view.points.at(-1) : nearest(view.points, at);
  if (!point) return null;
  const share = point.offered > 0 ? Math.min(1, point.good / point.offered) : undefined;
  return (
    <span class="muted nums">
      {at === undefined ? 'now' : timeOfDay(point.at)} · {rate(point.offered)} offered · {rate(point.good)} good ·{' '}
      {pct(share)}
    </span>
  );
}

function nearest(points: readonly HistoryPoint[], at: number): HistoryPoint | undefined {
  let best = points[0];
  for (const p of points) if (Math.abs(p.at - at) < Math.abs(best!.at - at)) best = p;
  return best;
}

function whyNoChart(state: State, world: SeenWorld): string {
  const status = state.status?.worlds[world];
  if (status && !status.present) return status.notes.join('; ') || `There is no ${world}.`;
  return 'No window yet: the first comes some seconds after the sidecars connect.';
}
