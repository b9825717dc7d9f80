import { useState } from 'preact/hooks';
import type { SeenWorld } from '../../../control-plane/api/plane.ts';
import type { EdgeWindow, Snapshot } from '../../../control-plane/mesh/snapshot.ts';
import type { EdgeId } from '../../../control-plane/mesh/topology.ts';
import { healthOf, ms, num, pct, rate } from '../lib/format.ts';
import { useTheme } from '../lib/theme.ts';
import type { State } from '../state/store.ts';
import { Graph } from './graph.tsx';
import { Empty, Panel } from './panel.tsx';

/** One world as a graph or as a table, with what its picture lacks. */
export function WorldPanel({ state, world }: { state: State; world: SeenWorld }) {
  const [asTable, setTable] = useState(false);
  const [selected, setSelected] = useState<string>();
  const theme = useTheme();
  const view = state.worlds[world];
  const { latest } = view;
  const status = state.status?.worlds[world];
  const title = world === 'production' ? 'Production' : 'Shadow';
  const aside = (
    <>
      {status?.isolation === 'declared' && (
        <span class="tag bad" title="Nothing but the services’ own configuration keeps the shadow from production">
          isolated by declaration only
        </span>
      )}
      {status?.isolation === 'namespaces' && (
        <span class="tag good" title="Own network, mount and process namespaces">
          walled in
        </span>
      )}
      {status?.present && !status.ready && <span class="tag warn">not ready</span>}
      {status?.present && (
        <button type="button" class="quiet" aria-pressed={asTable} onClick={() => setTable(!asTable)}>
          {asTable ? 'Graph' : 'Table'}
        </button>
      )}
    </>
  );
  const lacks = [...(status?.notes ?? []), ...(status?.gaps ?? [])];
  return (
    <Panel id={`world-${world}`} title={title} aside={aside}>
      {status && !status.present ? (
        <Empty>
          There is no {world}: {status.notes.join('; ') || 'no reason is given'}.
        </Empty>
      ) : !state.topology ? (
        <Empty>Loading…</Empty>
      ) : asTable ? (
        <Edges latest={latest} />
      ) : (
        <Graph topology={state.topology} view={view} theme={theme} onSelect={setSelected} label={`Graph of ${world}`} />
      )}
      {!latest && status?.present && <Empty>No window yet: metrics of the sidecars have not come in.</Empty>}
      {status?.present &&
        lacks.map((text) => (
          <p class="note warn" key={text}>
            {text}
          </p>
        ))}
      {selected !== undefined && <Inspector id={selected} latest={latest} onClose={() => setSelected(undefined)} />}
    </Panel>
  );
}

const errorNames = {
  http5xx: '5xx',
  timeout: 'time-outs',
  connect: 'no connection',
  reset: 'resets',
  overflow: 'breaker',
  shed: 'shed',
} as const;

function errorsOf(e: EdgeWindow): string {
  const some = Object.entries(e.errors).filter(([, n]) => n > 0.05);
  return some.map(([kind, n]) => `${errorNames[kind as keyof typeof errorNames]} ${rate(n)}`).join(', ');
}

function Edges({ latest }: { latest: Snapshot | undefined }) {
  return (
    <div class="scroll edges">
      <table class="list">
        <thead>
          <tr>
            <th>Edge</th>
            <th class="right">req/s</th>
            <th class="right">good</th>
            <th class="right">p50</th>
            <th class="right">p99</th>
            <th class="right">in flight</th>
            <th class="right">retries/s</th>
            <th>errors/s</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(latest?.edges ?? {}).map(([id, e]) => {
            const good = e.rate > 0 ? Math.min(1, e.good / e.rate) : undefined;
            return (
              <tr key={id}>
                <td class="mono">{id}</td>
                <td class="right nums">{rate(e.rate)}</td>
                <td class={`right nums ${healthOf(good)}`}>{pct(good)}</td>
                <td class="right nums">{ms(e.latency.p50)}</td>
                <td class="right nums">{ms(e.latency.p99)}</td>
                <td class="right nums">{num(e.inFlight, 0)}</td>
                <td class="right nums">{rate(e.retries)}</td>
                <td class="muted">{errorsOf(e)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Everything known of the service or edge that was clicked. */
function Inspector({ id, latest, onClose }: { id: string; latest: Snapshot | undefined; onClose: () => void }) {
  const edge = latest?.edges[id as EdgeId];
  const service = latest?.services[id];
  const facts: [string, string][] = edge
    ? [
        ['offered', `${rate(edge.rate)}/s`],
        ['good', `${rate(edge.good)}/s`],
        ['failed', `${rate(edge.failed)}/s`],
        ['p50 · p90 · p99', `${ms(edge.latency.p50)} · ${ms(edge.latency.p90)} · ${ms(edge.latency.p99)}`],
        ['in flight', num(edge.inFlight, 0)],
        ['retries', `${rate(edge.retries)}/s`],
        [
          'hosts',
          `${edge.healthyHosts} of ${edge.hosts} healthy${edge.ejectedHosts > 0 ? `, ${edge.ejectedHosts} ejected` : ''}`,
        ],
        ['errors', errorsOf(edge) || 'none'],
      ]
    : service
      ? [
          ['replicas', `${service.ready} of ${service.replicas} ready`],
          ['cpu', `${pct(service.cpu, 0)}, most ${pct(service.cpuMax, 0)}`],
          [
            'memory',
            `${num(service.memory / 1e6, 0)} MB${service.memoryLimit > 0 ? ` of ${num(service.memoryLimit / 1e6, 0)}` : ''}`,
          ],
          ['restarts', num(service.restarts, 0)],
        ]
      : [['', 'Nothing is measured of it in this window.']];
  return (
    <div class="inspector">
      <b class="mono">{id}</b>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="nums">{value}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
        ×
      </button>
    </div>
  );
}
