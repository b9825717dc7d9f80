import type { Check } from '../../api/check.ts';
import { describeLease, type HistoryPoint } from '../../api/history.ts';
import type {
  BudgetStatus,
  FidelityStatus,
  LearningStatus,
  MirrorStatus,
  PlaneStatus,
  SeenWorld,
} from '../../api/plane.ts';
import { smoothEdges, smoothEntry } from '../../api/smooth.ts';
import type { Lease } from '../../mesh/lease.ts';
import { describeOrder, type Override } from '../../mesh/record.ts';
import type { Snapshot } from '../../mesh/snapshot.ts';
import { routeRows, scoreText } from './fidelity.ts';
import { duration, number, type Paint, percent, plain, table } from './words.ts';

export interface StatusInput {
  readonly now: number;
  readonly status: PlaneStatus;
  readonly worlds: Readonly<Record<SeenWorld, WorldInput>>;
  readonly fidelity: FidelityStatus;
  readonly learning: LearningStatus;
  readonly mirror: MirrorStatus;
  readonly overrides: readonly Override[];
}

/** A world's newest window, its last ones (figures are taken over several), and what is in force. */
export interface WorldInput {
  readonly latest?: Snapshot;
  readonly points: readonly HistoryPoint[];
  readonly leases: readonly Lease[];
}

/** Lines about configuration that proxies refused. */
const MOST_REFUSALS = 5;
/** Routes whose fidelity is shown, the worst first. */
const MOST_ROUTES = 4;

/** What `umbra status` prints. */
export function statusText(
  { now, status, worlds, fidelity, learning, mirror, overrides }: StatusInput,
  p: Paint,
): string {
  const lines: string[] = [
    `${p.bold(plain(status.application))}  Umbra ${status.version}, up ${duration(now - status.startedAt)}, policy ${policyText(status, p)}`,
  ];
  for (const world of ['production', 'shadow'] as const) {
    lines.push('', ...worldLines(world, status, worlds[world], now, p));
  }
  const modes = new Map<string, string[]>();
  for (const [service, mode] of Object.entries(status.modes)) modes.set(mode, [...(modes.get(mode) ?? []), service]);
  const { xds, budget } = status;
  const behind = xds.nodes.filter((n) => !n.connected || !n.acknowledged).length;
  const rows: string[][] = [
    ['modes', [...modes].map(([mode, services]) => `${mode}: ${services.join(', ')}`).join(' · ')],
    [
      'orders',
      overrides.length === 0
        ? p.dim('none')
        : overrides.map((o) => `${describeOrder(o.order)} (${o.id}, ${duration(o.expiresAt - now)} left)`).join(', '),
    ],
    ['budget', budgetText(budget, p)],
    ['mirror', mirrorText(mirror, p)],
    [
      'fidelity',
      fidelity.score === undefined
        ? p.dim(fidelity.note ?? 'not measured yet')
        : `${scoreText(fidelity.score, fidelity.interval)} over ${fidelity.windows} windows; unfaulted ${percent(fidelity.unfaultedShare)} of the time`,
    ],
    ...routeRows(fidelity.routes.slice(0, MOST_ROUTES), p),
    [
      'learning',
      `${learning.trainingSteps} steps, loss ${number(learning.loss, 4)}, ${learning.experiences} experiences, ${learning.promotions} promotions${learning.note ? `; ${learning.note}` : ''}`,
    ],
    [
      'xds',
      `${xds.pushes} pushes, ${xds.acks} acks, ${xds.nacks > 0 ? p.bad(`${xds.nacks} nacks`) : '0 nacks'}; ${xds.nodes.length - behind} of ${xds.nodes.length} sidecars up to date`,
    ],
    ...xds.nodes
      .flatMap((n) => n.refused.map((r) => [p.bad('  refused'), plain(`${n.id}: ${r.type} ${r.name}: ${r.detail}`)]))
      .slice(0, MOST_REFUSALS),
    ...Object.entries(status.denied)
      .filter(([, n]) => n > 0)
      .map(([what, n]) => ['denied', `${plain(what)}: ${n}`]),
    ...status.deniedTargets.slice(0, 5).map((t) => ['  tried', `${plain(t.what)}: ${t.count}`]),
    ...status.notes.map((note) => [p.warn('note'), plain(note)]),
  ];
  lines.push('', table(rows));
  return lines.join('\n');
}

function worldLines(
  world: SeenWorld,
  status: PlaneStatus,
  { latest, points, leases }: WorldInput,
  now: number,
  p: Paint,
): string[] {
  const { present, ready, notes, gaps, activity, isolation } = status.worlds[world];
  if (!present) return [`${p.bold(world)}  ${p.dim(plain(notes.join('; ') || 'there is none'))}`];
  const state = ready ? '' : `  ${p.warn('not ready')}`;
  const weak = isolation === 'declared' ? `  ${p.bad('isolated by declaration only')}` : '';
  const entry = smoothEntry(points);
  if (!latest || !entry)
    return [`${p.bold(world)}${state}${weak}  ${p.dim('no window yet')}`, ...notes.map((n) => `  ${plain(n)}`)];
  const coloured = (ratio: number | undefined) => {
    const colour = ratio === undefined ? p.dim : ratio >= 0.99 ? p.good : ratio >= 0.9 ? p.warn : p.bad;
    return colour(percent(ratio));
  };
  const head = `${p.bold(world)}${state}${weak}  ${number(entry.offered)}/s offered, ${number(entry.good)}/s good, ${coloured(entry.ratio)}${activity ? `  ${p.dim(plain(activity))}` : ''}`;
  const rows = [...smoothEdges(points)].map(([id, e]) => {
    const ejected = latest.edges[id]?.ejectedHosts ?? 0;
    return [
      `  ${plain(id)}`,
      `${number(e.offered)}/s`,
      coloured(e.ratio),
      `p99 ${number(e.p99, 0)} ms`,
      ejected > 0 ? p.warn(`${ejected} ejected`) : '',
    ];
  });
  const inForce = leases.map((l) => {
    const left = `${duration(Math.max(0, l.expiresAt - now))} left`;
    return `  ${l.type === 'fault' ? p.bad('fault') : p.good('mitigation')} ${plain(describeLease(l))}  ${p.dim(`${l.id}, ${l.owner}, ${left}: ${plain(l.reason)}`)}`;
  });
  return [head, ...[...notes, ...gaps].map((n) => `  ${p.warn(plain(n))}`), table(rows, [1, 2]), ...inForce];
}

const policyText = (status: PlaneStatus, p: Paint) =>
  status.policy.kind === 'static'
    ? p.warn(`${status.policy.version} (static: ${status.policy.notes.join('; ')})`)
    : status.policy.version;
const budgetText = (b: BudgetStatus, p: Paint) =>
  `${number(b.balance, 0)} of ${number(b.capacity, 0)} risk-seconds, ${number(b.perHour, 0)} an hour${b.paused ? `; ${p.warn(`paused: ${plain(b.paused)}`)}` : ''}`;

function mirrorText(m: MirrorStatus, p: Paint): string {
  const reasons = (title: string, by: Readonly<Record<string, number>>) => {
    const some = Object.entries(by).filter(([, n]) => n > 0);
    return some.length === 0 ? '' : `; ${title} ${some.map(([why, n]) => `${plain(why)} ${n}`).join(', ')}`;
  };
  const differing = m.compared > 0 ? `; ${m.differing} of ${m.compared} answers differ` : '';
  return `${m.mirrored} copies${reasons('dropped:', m.dropped)}${reasons('skipped:', m.skipped)}${differing}${m.alive ? '' : `; ${p.bad('the filter is dead')}`}${m.note ? `; ${plain(m.note)}` : ''}`;
}

/** What `umbra check` prints, and whether all is well. */
export function checkText(checks: readonly Check[], p: Paint): string {
  const mark = { pass: p.good('√'), warn: p.warn('‼'), fail: p.bad('×') };
  const lines = checks.map(
    (c) => `${mark[c.state]} ${c.name}: ${plain(c.detail)}${c.hint ? `\n    ${p.dim(`→ ${plain(c.hint)}`)}` : ''}`,
  );
  const failed = checks.filter((c) => c.state === 'fail').length;
  const warned = checks.filter((c) => c.state === 'warn').length;
  const verdict =
    failed > 0
      ? p.bad(`${failed} failed`)
      : warned > 0
        ? p.warn(`all passed, ${warned} to look at`)
        : p.good('all passed');
  return `${lines.join('\n')}\n\n${verdict}`;
}
