import type { Override } from '../../../control-plane/mesh/record.ts';
import { countdown } from '../lib/format.ts';
import { cancelOrder, forgetToken } from '../state/api.ts';
import { type State, setState, useNow } from '../state/store.ts';
import { FreezeButton } from './freeze.tsx';

const words = { connecting: 'connecting…', live: 'live', lost: 'no connection' } as const;

export function Header({ state }: { state: State }) {
  const { status, connection, token } = state;
  const frozen = state.overrides?.find((o) => o.order.type === 'freeze' && o.order.service === undefined);
  return (
    <>
      <header>
        <img src="./icon.svg" alt="" width="26" height="26" />
        <strong class="brand">Umbra</strong>
        <span class="app-name" data-testid="application">
          {status?.application ?? ''}
        </span>
        <span class={`pill connection ${connection}`} role="status" data-testid="connection">
          {words[connection]}
        </span>
        <Modes state={state} />
        {status && (
          <span
            class={`pill ${status.policy.kind === 'static' ? 'warn' : ''}`}
            title={status.policy.notes.join('\n') || 'The policy that decides'}
          >
            policy {status.policy.version}
            {status.policy.kind === 'static' ? ' · static' : ''}
          </span>
        )}
        <span class="spacer" />
        {token === undefined ? (
          <button type="button" class="quiet" onClick={() => setState({ asking: { what: 'Orders' } })}>
            Enter token
          </button>
        ) : (
          <button type="button" class="quiet" onClick={forgetToken} title="Forgets the token in this tab">
            Token ✓
          </button>
        )}
        <FreezeButton frozen={frozen} />
      </header>
      {connection === 'lost' && (
        <div class="banner bad" role="alert">
          The control plane does not answer: this picture is old. The data plane goes on as it was last configured.
        </div>
      )}
      {frozen && <FrozenBanner order={frozen} />}
      {status?.notes.map((note) => (
        <div class="banner warn" key={note}>
          {note}
        </div>
      ))}
    </>
  );
}

function FrozenBanner({ order }: { order: Override }) {
  const now = useNow();
  return (
    <div class="banner freeze" role="alert" data-testid="frozen">
      <span>
        <b>Everything is frozen</b> by {order.by}
        {order.reason && `: ${order.reason}`}. No new mitigation for {countdown(order.expiresAt - now)}.
      </span>
      <button type="button" onClick={() => cancelOrder('Unfreeze', order.id)}>
        Unfreeze
      </button>
    </div>
  );
}

/** How many services are in each mode; the boldest first. */
function Modes({ state: { status } }: { state: State }) {
  if (!status) return null;
  const by = new Map<string, string[]>();
  for (const [service, mode] of Object.entries(status.modes)) by.set(mode, [...(by.get(mode) ?? []), service]);
  return (
    <span class="modes">
      {(['auto', 'approve', 'observe', 'off'] as const)
        .filter((mode) => by.has(mode))
        .map((mode) => (
          <a key={mode} href="#controls" class={`pill mode-${mode}`} title={by.get(mode)!.join(', ')}>
            {mode} {by.get(mode)!.length}
          </a>
        ))}
    </span>
  );
}
