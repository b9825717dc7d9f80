import type { ComponentChildren } from 'preact';
import { smoothEntry } from '../../../control-plane/api/smooth.ts';
import { atLeast, healthOf, num, pct, rate } from '../lib/format.ts';
import { MOST_INCIDENTS } from '../state/live.ts';
import type { State } from '../state/store.ts';

function Tile({
  name,
  value,
  detail,
  health,
  title,
}: {
  name: string;
  value: string;
  detail: ComponentChildren;
  health?: string;
  title?: string;
}) {
  return (
    <div class={`tile ${health ?? ''}`} title={title ?? (typeof detail === 'string' ? detail : undefined)}>
      <span class="tile-name">{name}</span>
      <span class="tile-value">{value}</span>
      <span class="tile-detail">{detail}</span>
    </div>
  );
}

const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
const lines = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([what, n]) => `${what}: ${n}`)
    .join('\n');

/** The state of everything in one row. */
export function Numbers({ state }: { state: State }) {
  const { status, fidelity, learning, mirror, patterns, incidents } = state;
  const production = smoothEntry(state.worlds.production.points);
  const shadow = smoothEntry(state.worlds.shadow.points);
  const open = incidents?.filter((i) => i.state !== 'recovered').length;
  const behind = status?.xds.nodes.filter((n) => !n.connected || !n.acknowledged);
  const shadowed = status?.worlds.shadow.present !== false;
  const denied = status ? total(status.denied) : 0;
  return (
    <div class="tiles">
      <Tile
        name="Production"
        value={pct(production?.ratio)}
        detail={production ? `${rate(production.good)} of ${rate(production.offered)} req/s good` : 'no window yet'}
        health={healthOf(production?.ratio)}
      />
      <Tile
        name="Shadow"
        value={pct(shadow?.ratio)}
        detail={status?.worlds.shadow.activity ?? status?.worlds.shadow.notes[0] ?? 'no fault now'}
        health={healthOf(shadow?.ratio)}
      />
      <Tile
        name="Incidents"
        value={incidents ? String(open) : '–'}
        detail={incidents ? `open · ${atLeast(incidents.length, MOST_INCIDENTS)} in all` : ''}
        health={open ? 'bad' : 'good'}
      />
      <Tile
        name="Patterns"
        value={patterns ? String(patterns.filter((p) => p.status === 'trusted').length) : '–'}
        detail={patterns ? `trusted · ${patterns.length} known` : ''}
      />
      <Tile
        name="Fidelity"
        value={fidelity?.score === undefined ? '–' : pct(fidelity.score)}
        detail={
          fidelity?.score === undefined
            ? (fidelity?.note ?? 'not measured yet')
            : `unfaulted ${pct(fidelity.unfaultedShare, 0)} of the time`
        }
        title={`How far the unfaulted shadow answers as production does${
          fidelity?.interval
            ? `; 95%: ${pct(fidelity.interval[0])} to ${pct(fidelity.interval[1])}, of ${fidelity.compared} answers`
            : ''
        }. By route: below.`}
      />
      <Tile
        name="Mirror"
        value={mirror ? String(mirror.mirrored) : '–'}
        detail={
          mirror
            ? mirror.alive || !shadowed
              ? (mirror.note ?? `${total(mirror.dropped)} dropped · ${total(mirror.skipped)} skipped`)
              : 'the filter is dead'
            : ''
        }
        {...(mirror && shadowed && !mirror.alive ? { health: 'bad' } : {})}
        {...(mirror
          ? { title: [lines(mirror.dropped), lines(mirror.skipped), mirror.note].filter(Boolean).join('\n') }
          : {})}
      />
      <Tile
        name="Learning"
        value={learning ? String(learning.trainingSteps) : '–'}
        detail={learning ? `steps · loss ${num(learning.loss, 4)}` : ''}
        {...(learning
          ? { title: `${learning.experiences} experiences, ${learning.promotions} promotions\n${learning.note ?? ''}` }
          : {})}
      />
      <Tile
        name="Sidecars"
        value={status && behind ? `${status.xds.nodes.length - behind.length}/${status.xds.nodes.length}` : '–'}
        detail={status ? `${status.xds.nacks} nacks · ${denied} denied` : ''}
        health={behind?.length || status?.xds.nacks ? 'warn' : ''}
        {...(status
          ? {
              title: [
                ...(behind ?? []).flatMap((n) =>
                  n.connected && n.refused.length > 0
                    ? n.refused.map((r) => `${n.id} refused ${r.type} ${r.name}: ${r.detail}`)
                    : [`${n.id}: ${n.connected ? 'behind' : 'not connected'}`],
                ),
                lines(status.denied),
                ...status.deniedTargets.map((t) => `tried ${t.what}: ${t.count}`),
              ].join('\n'),
            }
          : {})}
      />
    </div>
  );
}
