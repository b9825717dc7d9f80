import type { RouteFidelityStatus } from '../../../control-plane/api/plane.ts';
import { num, pct } from '../lib/format.ts';
import type { State } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';
import { Interval } from './patterns.tsx';

/** How far the shadow answers each route as production does, the worst first. */
export function Fidelity({ state: { fidelity, status } }: { state: State }) {
  return (
    <Panel
      id="fidelity"
      title="Fidelity by route"
      aside={fidelity && fidelity.compared > 0 && <span class="muted">{fidelity.compared} answers compared</span>}
    >
      {!fidelity ? (
        <Empty>Loading…</Empty>
      ) : fidelity.routes.length === 0 ? (
        <Empty>
          {status?.worlds.shadow.present === false
            ? 'There is no shadow to compare with.'
            : 'Nothing was compared yet: answers count while the shadow is unfaulted and production is well.'}
        </Empty>
      ) : (
        <div class="scroll">
          <table class="list">
            <thead>
              <tr>
                <th>Route</th>
                <th class="right" title="Answers of the unfaulted shadow held against production's">
                  Compared
                </th>
                <th
                  class="right"
                  title="Share of requests that the shadow, asked twice, answers differently: says nothing of the shadow"
                >
                  Noise
                </th>
                <th title="Share of answers the shadow does not differ in by itself: agreement corrected by the noise, with its 95% interval">
                  Score
                </th>
              </tr>
            </thead>
            <tbody>
              {fidelity.routes.map((r) => (
                <RouteRow key={r.route} route={r} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function RouteRow({ route: r }: { route: RouteFidelityStatus }) {
  const agreement =
    r.status === undefined ? undefined : `same status ${pct(r.status)}, of those same structure ${pct(r.structure)}`;
  return (
    <tr data-testid={`route-${r.route}`}>
      <td class="mono" title={agreement}>
        {r.route}
      </td>
      <td class="right nums tight">{num(r.compared, 0)}</td>
      <td class="right nums tight" title={`${r.pairs} requests sent twice`}>
        {pct(r.noiseFloor)}
      </td>
      <td class="evidence" title={r.note}>
        {r.score === undefined ? <span class="muted">{r.note}</span> : <span class="nums">{pct(r.score)}</span>}
        {r.interval && <Interval low={r.interval[0]} high={r.interval[1]} at={r.score} />}
      </td>
    </tr>
  );
}
