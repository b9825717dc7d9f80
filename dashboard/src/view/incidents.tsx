import type { Incident } from '../../../control-plane/mesh/record.ts';
import { ago, ms, rate, timeOfDay } from '../lib/format.ts';
import { explain, stopExplaining } from '../state/live.ts';
import { type State, useNow } from '../state/store.ts';
import { DecisionCard } from './decision.tsx';
import { Empty, Panel } from './panel.tsx';
import { Plan } from './patterns.tsx';

/** Incidents in production; opened, each tells why this was done and not that. */
export function Incidents({ state }: { state: State }) {
  const now = useNow();
  const { incidents } = state;
  return (
    <Panel
      id="incidents"
      title="Incidents in production"
      aside={incidents && incidents.length > 0 && <span class="count">{incidents.length}</span>}
    >
      {!incidents ? (
        <Empty>Loading…</Empty>
      ) : incidents.length === 0 ? (
        <Empty>No incident so far: goodput at the users’ entry was never impaired since Umbra watches.</Empty>
      ) : (
        <ul class="incidents scroll tall">
          {incidents.map((i) => (
            <IncidentRow key={i.id} incident={i} now={now} state={state} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function IncidentRow({ incident: i, now, state }: { incident: Incident; now: number; state: State }) {
  const explanation = state.explained[i.id];
  const open = explanation !== undefined;
  return (
    <li class={`incident ${i.state}`} data-testid={`incident-${i.id}`}>
      <button
        type="button"
        class="incident-head"
        aria-expanded={open}
        onClick={() => (open ? stopExplaining(i.id) : void explain(i.id))}
      >
        <span class={`tag ${i.state}`}>{i.state}</span>
        <span class="signature">{i.signature}</span>
        <span class="facts">
          <span title={`began ${timeOfDay(i.onset)}`}>{ago(now - i.onset)}</span>
          <span title="From onset to detection">seen +{ms(i.detectedAt - i.onset)}</span>
          {i.firstActionAt !== undefined && (
            <span title="From onset to the first action">acted +{ms(i.firstActionAt - i.onset)}</span>
          )}
          {i.recoveredAt !== undefined && (
            <span title="From onset to recovery">back +{ms(i.recoveredAt - i.onset)}</span>
          )}
          <span title="Good answers a second: before, at the worst, after">
            {rate(i.goodputBefore)} → {rate(i.goodputDuring)}
            {i.goodputAfter !== undefined && ` → ${rate(i.goodputAfter)}`} good/s
          </span>
        </span>
        <span class="source">{i.source === 'none' ? 'nothing done' : `by ${i.source}`}</span>
        <span class="chevron" aria-hidden="true" />
      </button>
      {i.notes.map((note) => (
        <p class="note warn" key={note}>
          {note}
        </p>
      ))}
      {!open && i.plan.length > 0 && <Plan plan={i.plan} />}
      {open && (
        <div class="decisions">
          {explanation.decisions.map((d) => (
            <DecisionCard key={d.id} decision={d} incident={i} explanation={explanation} state={state} />
          ))}
          {explanation.decisions.length === 0 && explanation.missing.length === 0 && (
            <Empty>
              {i.source === 'none' ? 'No decision was taken in it.' : 'Its decisions are not in the store yet.'}
            </Empty>
          )}
          {explanation.missing.length > 0 && <Empty>No longer in the store: {explanation.missing.join(', ')}</Empty>}
        </div>
      )}
    </li>
  );
}
