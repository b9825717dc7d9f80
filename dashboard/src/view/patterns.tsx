import { describeMitigation, type Mitigation } from '../../../control-plane/mesh/mitigation.ts';
import type { Pattern } from '../../../control-plane/mesh/record.ts';
import { ago, pct } from '../lib/format.ts';
import { type State, useNow } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';

const order = { trusted: 0, candidate: 1, retired: 2 } as const;

/** Plans that healed, with what is known for and against them. */
export function Patterns({ state: { patterns, status } }: { state: State }) {
  const now = useNow();
  const sorted = patterns?.toSorted((a, b) => order[a.status] - order[b.status] || b.successes - a.successes);
  return (
    <Panel
      id="patterns"
      title="Patterns"
      aside={sorted && sorted.length > 0 && <span class="count">{sorted.length}</span>}
    >
      {!sorted ? (
        <Empty>Loading…</Empty>
      ) : sorted.length === 0 ? (
        <Empty>
          No pattern yet{status?.worlds.shadow.present === false && ', and there is no shadow to learn one in'}. One is
          made when a plan heals a fault in the shadow while the fault is still there, and a paired run without action
          does not recover.
        </Empty>
      ) : (
        <div class="scroll">
          <table class="list">
            <thead>
              <tr>
                <th>When it looks like</th>
                <th>Do</th>
                <th title="Successes of trials, with the 95% interval of the true ratio">Healed</th>
                <th title="Paired runs without action that did not recover">Alone</th>
                <th class="right" title="Mean goodput won back, and what it costs, as shares of healthy goodput">
                  Gain
                </th>
                <th>Seen</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((p) => (
                <PatternRow key={p.id} pattern={p} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function PatternRow({ pattern: p, now }: { pattern: Pattern; now: number }) {
  return (
    <tr class={p.status} data-testid={`pattern-${p.id}`}>
      <td>
        <span class={`tag ${p.status}`}>{p.status}</span>
        <span class="signature">{p.signature}</span>
      </td>
      <td>
        <Plan plan={p.plan} />
      </td>
      <td class="evidence">
        <span class="nums">
          {p.successes}/{p.trials}
        </span>
        <Interval low={p.interval[0]} high={p.interval[1]} at={p.trials > 0 ? p.successes / p.trials : undefined} />
      </td>
      <td class="nums tight" title="Without action the fault did not heal in so many of so many paired runs">
        {p.controls === 0 ? <span class="muted">no control</span> : `${p.controlFailed}/${p.controls} failed`}
      </td>
      <td class="right nums tight">
        {pct(p.gain, 0)}
        <span class="muted"> − {pct(p.cost)}</span>
      </td>
      <td class="muted tight" title={`under ${p.faults.join(', ') || 'nothing yet'}`}>
        {ago(now - p.lastSeen)}
      </td>
    </tr>
  );
}

export function Plan({ plan }: { plan: readonly Mitigation[] }) {
  return (
    <ol class="plan">
      {plan.map((m) => (
        <li key={describeMitigation(m)} class="mono">
          {describeMitigation(m)}
        </li>
      ))}
    </ol>
  );
}

/** The interval of a ratio as a bar from 0 to 1, with the measured ratio as its mark. */
export function Interval({ low, high, at }: { low: number; high: number; at: number | undefined }) {
  return (
    <span
      class="interval"
      role="img"
      aria-label={`between ${pct(low, 0)} and ${pct(high, 0)}`}
      title={`95%: ${pct(low, 0)} to ${pct(high, 0)}`}
    >
      <i style={{ left: `${Math.min(99, low * 100)}%`, width: `${Math.max(1, (high - low) * 100)}%` }} />
      {at !== undefined && <b style={{ left: `${at * 100}%` }} />}
    </span>
  );
}
