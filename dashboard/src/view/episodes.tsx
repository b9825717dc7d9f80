import { describeFault } from '../../../control-plane/mesh/fault.ts';
import type { Episode } from '../../../control-plane/mesh/record.ts';
import { ago, ms, pct } from '../lib/format.ts';
import { type State, useNow } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';
import { Plan } from './patterns.tsx';

/** What was broken in the shadow, and what came of it. */
export function Episodes({ state }: { state: State }) {
  const now = useNow();
  const { episodes, status, fidelity } = state;
  return (
    <Panel
      id="episodes"
      title="Episodes in the shadow"
      aside={fidelity && <span class="muted">unfaulted {pct(fidelity.unfaultedShare, 0)} of the time</span>}
    >
      {!episodes ? (
        <Empty>Loading…</Empty>
      ) : episodes.length === 0 ? (
        <Empty>{whyNone(state)}</Empty>
      ) : (
        <div class="scroll tall">
          <table class="list">
            <thead>
              <tr>
                <th>Fault</th>
                <th title="Good ratio before, under the fault, and with the plan">Good</th>
                <th>Tried</th>
                <th>Outcome</th>
                <th>Began</th>
              </tr>
            </thead>
            <tbody>
              {episodes.map((e) => (
                <EpisodeRow
                  key={e.id}
                  episode={e}
                  now={now}
                  running={status?.worlds.shadow.activity?.includes(e.id) === true}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function whyNone({ status }: State): string {
  const shadow = status?.worlds.shadow;
  if (shadow && !shadow.present)
    return `There is no shadow to break: ${shadow.notes.join('; ') || 'no reason is given'}.`;
  if (status?.budget.paused) return `Nothing is broken now: ${status.budget.paused}.`;
  return 'Nothing was broken yet: an episode starts from a measured clean baseline.';
}

function EpisodeRow({ episode: e, now, running }: { episode: Episode; now: number; running: boolean }) {
  const [health, words] = outcome(e, running);
  const reached = e.reached.length > 0 ? `reached ${e.reached.join(', ')}` : 'reached nobody';
  return (
    <tr data-testid={`episode-${e.id}`}>
      <td class="tight">
        <span
          class="mono"
          title={`magnitude ${e.fault.magnitude}, share ${e.fault.share}, seed ${e.fault.seed}; ${reached}`}
        >
          {describeFault(e.fault)}
        </span>
        {e.control && (
          <span class="tag control" title={e.controlOf ? `of ${e.controlOf}` : undefined}>
            control
          </span>
        )}
      </td>
      <td class="nums tight">
        {pct(e.goodBaseline, 0)} → {pct(e.goodFaulted, 0)}
        {e.goodMitigated !== undefined && ` → ${pct(e.goodMitigated, 0)}`}
      </td>
      <td>
        {e.plan.length > 0 ? (
          <Plan plan={e.plan} />
        ) : (
          <span class="muted">{e.control ? 'nothing, on purpose' : '–'}</span>
        )}
      </td>
      <td class="tight">
        <span class={`tag ${health}`} title={e.invalid}>
          {words}
        </span>
        {e.detectedAfterMs !== undefined && <span class="muted"> seen +{ms(e.detectedAfterMs)}</span>}
      </td>
      <td class="muted tight">{ago(now - e.startedAt)}</td>
    </tr>
  );
}

function outcome(e: Episode, running: boolean): [health: string, words: string] {
  if (e.invalid !== undefined) return ['', 'not counted'];
  if (e.endedAt === undefined) return running ? ['mitigation', 'under way'] : ['', 'unfinished'];
  if (e.tookEffect === false) return ['', 'took no effect'];
  if (e.recovered) return ['good', 'recovered'];
  return e.control ? ['warn', 'did not recover alone'] : ['bad', 'not healed'];
}
