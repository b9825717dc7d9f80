import type { AuditEntry } from '../../../control-plane/mesh/record.ts';
import { timeOfDay } from '../lib/format.ts';
import type { State } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';

/** The newest lines of the append-only audit log. */
export function AuditTail({ state: { audit } }: { state: State }) {
  return (
    <Panel id="audit" title="Audit log" aside={<span class="muted">append-only</span>}>
      {!audit ? (
        <Empty>Loading…</Empty>
      ) : audit.length === 0 ? (
        <Empty>Nothing was done yet, by Umbra or by an operator.</Empty>
      ) : (
        <ol class="audit scroll">
          {audit.map((entry) => (
            <li key={entry.seq} title={detailOf(entry)}>
              <span class="muted nums">{timeOfDay(entry.at)}</span>
              <span class="who">{entry.by}</span>
              <span>
                <b>{entry.action}</b> <span class="mono">{entry.subject}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

const detailOf = ({ seq, detail }: AuditEntry) =>
  `#${seq}${detail === null || detail === undefined ? '' : ` ${JSON.stringify(detail)}`}`;
