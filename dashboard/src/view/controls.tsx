import { useState } from 'preact/hooks';
import { type MitigationKind, mitigationKinds } from '../../../control-plane/mesh/mitigation.ts';
import { describeOrder, type Mode, type Override } from '../../../control-plane/mesh/record.ts';
import { countdown } from '../lib/format.ts';
import { cancelOrder, giveOrder } from '../state/api.ts';
import { type State, useNow } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';

const modes: readonly (readonly [Mode, string])[] = [
  ['off', 'Does nothing; incidents are recorded'],
  ['observe', 'Decides and writes down, does nothing'],
  ['approve', 'Proposes, and waits for you'],
  ['auto', 'Acts by itself where it is confident'],
];

/** The operator's hand: mode and freeze per service, what is forbidden, and every order that stands. */
export function Controls({ state }: { state: State }) {
  const { status, overrides = [], topology } = state;
  return (
    <Panel id="controls" title="Operator’s controls">
      {!status || !topology ? (
        <Empty>Loading…</Empty>
      ) : (
        <>
          <table class="list controls">
            <thead>
              <tr>
                <th>Service</th>
                <th>Mode in production</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {Object.entries(status.modes).map(([service, mode]) => (
                <ServiceRow key={service} service={service} mode={mode} overrides={overrides} />
              ))}
            </tbody>
          </table>
          <Forbid targets={{ edge: Object.keys(topology.edges), service: Object.keys(status.modes) }} />
          <Standing overrides={overrides} />
        </>
      )}
    </Panel>
  );
}

function ServiceRow({ service, mode, overrides }: { service: string; mode: Mode; overrides: readonly Override[] }) {
  const frozen = overrides.find((o) => o.order.type === 'freeze' && o.order.service === service);
  return (
    <tr>
      <td>{service}</td>
      <td>
        <fieldset class="segments" aria-label={`Mode of ${service}`}>
          {modes.map(([name, meaning]) => (
            <button
              key={name}
              type="button"
              aria-pressed={mode === name}
              class={mode === name ? `on mode-${name}` : ''}
              title={meaning}
              onClick={() => mode !== name && giveOrder(`${service}: ${name}`, { type: 'mode', service, mode: name })}
            >
              {name}
            </button>
          ))}
        </fieldset>
      </td>
      <td class="right">
        {frozen ? (
          <button type="button" onClick={() => cancelOrder(`Unfreeze ${service}`, frozen.id)}>
            Unfreeze
          </button>
        ) : (
          <button
            type="button"
            class="quiet"
            onClick={() => giveOrder(`Freeze ${service}`, { type: 'freeze', service })}
          >
            Freeze
          </button>
        )}
      </td>
    </tr>
  );
}

function Forbid({ targets }: { targets: { edge: readonly string[]; service: readonly string[] } }) {
  const [kind, setKind] = useState<MitigationKind>('retry');
  const [target, setTarget] = useState('');
  const what = target === '' ? kind : `${kind}@${target}`;
  return (
    <form
      class="forbid"
      onSubmit={(e) => {
        e.preventDefault();
        void giveOrder(`Forbid ${what}`, { type: 'forbid', what });
      }}
    >
      <span>Never</span>
      <select
        aria-label="Kind of mitigation"
        value={kind}
        onChange={(e) => {
          setKind(e.currentTarget.value as MitigationKind);
          setTarget('');
        }}
      >
        {Object.keys(mitigationKinds).map((k) => (
          <option key={k}>{k}</option>
        ))}
      </select>
      <span>on</span>
      <select aria-label="Where" value={target} onChange={(e) => setTarget(e.currentTarget.value)}>
        <option value="">anything</option>
        {targets[mitigationKinds[kind].target].map((t) => (
          <option key={t}>{t}</option>
        ))}
      </select>
      <button type="submit">Forbid</button>
    </form>
  );
}

function Standing({ overrides }: { overrides: readonly Override[] }) {
  const now = useNow();
  if (overrides.length === 0) return <Empty>No order stands: the policy decides within the modes above.</Empty>;
  return (
    <ul class="standing">
      {overrides.map((o) => (
        <li key={o.id} data-testid={`override-${o.id}`}>
          <span class="mono">{describeOrder(o.order)}</span>
          <span class="muted">
            {o.by}
            {o.reason && `: ${o.reason}`}
          </span>
          <span class="clock">{countdown(o.expiresAt - now)}</span>
          <button type="button" class="quiet" onClick={() => cancelOrder(`Cancel ${describeOrder(o.order)}`, o.id)}>
            Cancel
          </button>
        </li>
      ))}
    </ul>
  );
}
