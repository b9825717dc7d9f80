import type { AlertKind } from '../mesh/alert.ts';
import { isOwn, type MitigationLease } from '../mesh/lease.ts';
import { describeMitigation } from '../mesh/mitigation.ts';
import type { Diagnosis, Mode } from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { World } from '../mesh/world.ts';
import { type Goodness, pooled } from '../telemetry/goodness.ts';
import type { IncidentBook } from './incidents.ts';
import type { Overrides } from './overrides.ts';
import type { GuardianEvent } from './ports.ts';
import type { Proposals } from './proposals.ts';
import type { Release } from './release.ts';
import type { Trials } from './trials.ts';

/**
 * How what is in force goes again once users are well, by the mode where it acts: `auto` takes it away on trial, `approve` offers
 * to, `observe` and `off` leave it to the operator and to its term.
 */
export interface Removals {
  /** Once a window: says, once, what is in force where nothing takes it back. */
  tell(): void;
  /** Users are well: one mitigation less on trial, or offered, when it is time. */
  next(snapshot: Snapshot, d: Diagnosis): void;
}

/** In these modes the guardian neither takes back what it put in force nor asks to. */
const leaves = (mode: Mode) => mode === 'off' || mode === 'observe';

export function createRemovals(options: {
  readonly world: Pick<World, 'leases'>;
  readonly overrides: Pick<Overrides, 'holds' | 'modeFor'>;
  readonly book: Pick<IncidentBook, 'current' | 'note'>;
  readonly release: Release;
  readonly trials: Pick<Trials, 'current' | 'probe'>;
  readonly proposals: Pick<Proposals, 'offersRemoval' | 'askRemoval'>;
  readonly policyVersion: () => string;
  /** The last windows, newest last. */
  readonly recent: () => readonly Goodness[];
  readonly emit: (event: GuardianEvent) => void;
}): Removals {
  const { world, overrides, book, release, trials, proposals, emit } = options;
  const told = new Set<string>();
  const own = () => world.leases().filter(isOwn);

  function alert(kind: AlertKind<'production'>, message: string): void {
    const incident = book.current()?.id;
    book.note(message);
    emit({ type: 'alert', kind, message, ...(incident === undefined ? {} : { incident }) });
  }

  const ends = (lease: MitigationLease) => `it ends by itself at ${new Date(lease.expiresAt).toISOString()}`;

  function offer(lease: MitigationLease, snapshot: Snapshot, d: Diagnosis): void {
    if (proposals.offersRemoval(lease.id)) return;
    const why = 'users are well again: without it for a trial, it comes back if they notice';
    const { id } = proposals.askRemoval(
      lease,
      { candidates: [], source: 'none', version: options.policyVersion(), why },
      snapshot,
      d,
    );
    const text = describeMitigation(lease.mitigation);
    alert(
      'approval',
      `Users are well and ${text} is still in force: \`umbra override approve ${id}\` takes it back, unless users notice; else ${ends(lease)}`,
    );
  }

  return {
    tell() {
      for (const lease of own()) {
        const mode = overrides.modeFor(lease.mitigation);
        const key = `${lease.id} ${mode}`;
        if (!leaves(mode) || told.has(key)) continue;
        // Its trial may yet take it back.
        if (trials.current()?.leases.some((l) => l.id === lease.id)) continue;
        told.add(key);
        const text = describeMitigation(lease.mitigation);
        alert(
          'left-in-force',
          `${text} stays in force (mode ${mode}): \`umbra override undo ${lease.id}\` takes it back; else ${ends(lease)}`,
        );
      }
    },
    next(snapshot, d) {
      const origins = book.current()?.origins.slice(0, 1) ?? [];
      const stillIll = d.symptoms.some(
        (s) =>
          s.kind === 'surge' ||
          origins.some((o) => ('service' in s.target ? s.target.service === o : s.target.edge.endsWith(`>${o}`))),
      );
      if (!release.due(snapshot.at, stillIll)) return;
      const free: MitigationLease[] = [];
      for (const lease of own()) {
        const { mitigation } = lease;
        const mode = overrides.modeFor(mitigation);
        const held = overrides.holds(mitigation);
        if (leaves(mode)) continue;
        if (held !== undefined) book.note(`${describeMitigation(mitigation)} stays in force: ${held}`);
        else if (mode === 'approve') offer(lease, snapshot, d);
        else free.push(lease);
      }
      const lease = release.next(free);
      if (lease) trials.probe(lease, pooled(options.recent().slice(-5)));
    },
  };
}
