import { describeLease } from '../../../control-plane/api/history.ts';
import { type SeenWorld, seenWorlds } from '../../../control-plane/api/plane.ts';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import { countdown } from '../lib/format.ts';
import { giveOrder } from '../state/api.ts';
import { type State, useNow } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';

/** Leases in force in both worlds, each with what is left of it and a way to end it. */
export function InForce({ state }: { state: State }) {
  const now = useNow();
  const leases = seenWorlds.flatMap((world) => state.worlds[world].leases.map((lease) => ({ world, lease })));
  return (
    <Panel id="in-force" title="In force" aside={leases.length > 0 && <span class="count">{leases.length}</span>}>
      {leases.length === 0 ? (
        <Empty>Nothing is in force: no fault in the shadow and no mitigation in either world.</Empty>
      ) : (
        <ul class="leases">
          {leases.map(({ world, lease }) => (
            <LeaseRow key={lease.id} world={world} lease={lease} now={now} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function LeaseRow({ world, lease, now }: { world: SeenWorld; lease: Lease; now: number }) {
  const left = lease.expiresAt - now;
  const share = Math.min(1, Math.max(0, left / Math.max(1, lease.expiresAt - lease.createdAt)));
  const name = describeLease(lease);
  return (
    <li class={`lease ${lease.type}`} data-testid={`lease-${lease.id}`}>
      <div class="lease-main">
        <div class="tags">
          <span class={`tag ${lease.type}`}>{lease.type}</span>
          <span class="tag">{world}</span>
          <span class="tag">{lease.owner}</span>
        </div>
        <span class="mono lease-name">{name}</span>
        <span class="muted">{lease.reason}</span>
      </div>
      <div class="lease-side">
        {world === 'production' ? (
          <button type="button" onClick={() => giveOrder(`Undo ${name}`, { type: 'undo', lease: lease.id })}>
            Undo
          </button>
        ) : (
          <span class="muted" title="What is in force in the shadow belongs to its episode, which takes it back itself">
            by its episode
          </span>
        )}
        <span class="clock" title="Ends by itself when the clock is at zero">
          {countdown(left)}
        </span>
      </div>
      <div class="life" aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
      </div>
    </li>
  );
}
