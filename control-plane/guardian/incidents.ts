import type { Plan } from '../mesh/mitigation.ts';
import { describeMitigation } from '../mesh/mitigation.ts';
import type { Diagnosis, Incident } from '../mesh/record.ts';
import type { Snapshot } from '../mesh/snapshot.ts';
import type { Store } from '../mesh/store.ts';

/** Keeps incident records: every change is stored and told at once. Goodput in them is in good answers per second. */
export interface IncidentBook {
  /** The one that is not closed, if any. */
  current(): Incident | undefined;
  open(diagnosis: Diagnosis, snapshot: Snapshot, goodputBefore: number): Incident;
  /**
   * Whether the trouble belongs to the current incident, which has recovered: it began within 30 s of recovery, or by
   * `provokedUntil`, when a mitigation was last missing to see whether it is still needed. Otherwise that incident is closed
   * with a note; what is in force for it stays.
   */
  relapse(diagnosis: Diagnosis, snapshot: Snapshot, provokedUntil: number): boolean;
  /** Takes the window into the record (worst goodput while impaired, goodput after recovery). */
  observe(snapshot: Snapshot, diagnosis: Diagnosis): void;
  /** Changes the open incident, stores and tells it. */
  change(edit: (incident: Incident) => void): void;
  /** Adds a note once. */
  note(text: string): void;
  planned(plan: Plan): void;
  /** Users are well again: mitigated while anything is in force for it, else recovered and closed. */
  recover(at: number, leasesLeft: number): void;
  close(at: number): void;
}

/** Trouble that begins later than this after recovery is another incident. */
const RELAPSE_MS = 30_000;
/** What was put back needs a moment to work again. */
const PROVOKED_MS = 3000;

/** When users began to suffer. */
function onsetOf(diagnosis: Diagnosis, snapshot: Snapshot): number {
  const goodput = diagnosis.symptoms.find((s) => s.kind === 'goodput');
  return Math.min(snapshot.at, goodput?.since ?? snapshot.at);
}

export function createIncidentBook(
  store: Pick<Store, 'incidents'>,
  onChange: (incident: Incident) => void,
): IncidentBook {
  let current = resume();
  let serial = 0;
  let worst = Number.POSITIVE_INFINITY;
  let previous: number | undefined;
  let after: number[] = [];
  /** The newest recovery; the record keeps the first. */
  let wellSince = current?.recoveredAt;

  /** After a restart the newest unclosed incident goes on; older ones cannot be judged any more. */
  function resume(): Incident | undefined {
    const unclosed = store.incidents.list({ limit: 200 }).filter((i) => i.closedAt === undefined);
    for (const i of unclosed.slice(1)) {
      i.closedAt = i.recoveredAt ?? i.detectedAt;
      i.notes = [...i.notes, 'closed at a restart: a newer incident was open'];
      store.incidents.put(i);
    }
    return unclosed[0];
  }

  function save(): void {
    if (!current) return;
    store.incidents.put(current);
    onChange(current);
  }

  function close(at: number): void {
    if (!current) return;
    current.closedAt = at;
    current.state = 'recovered';
    save();
    current = undefined;
  }

  return {
    current: () => current,
    open(diagnosis, snapshot, goodputBefore) {
      const onset = onsetOf(diagnosis, snapshot);
      worst = Number.POSITIVE_INFINITY;
      previous = undefined;
      after = [];
      current = {
        id: `i-${onset.toString(36)}-${++serial}`,
        onset,
        detectedAt: snapshot.at,
        goodputBefore,
        goodputDuring: snapshot.entry.good,
        signature: '',
        origins: diagnosis.origins.map((o) => o.service),
        plan: [],
        source: 'none',
        decisions: [],
        undone: 0,
        state: 'open',
        notes: [],
      };
      save();
      return current;
    },
    relapse(diagnosis, snapshot, provokedUntil) {
      if (!current) return false;
      const onset = onsetOf(diagnosis, snapshot);
      const wellMs = wellSince === undefined ? 0 : onset - wellSince;
      if (wellMs <= RELAPSE_MS || onset <= provokedUntil + PROVOKED_MS) return true;
      const text = `Closed: another trouble began ${Math.round(wellMs / 1000)} s after recovery; what is in force stays`;
      current.notes = [...current.notes, text];
      close(snapshot.at);
      return false;
    },
    observe(snapshot, diagnosis) {
      if (!current) return;
      const good = snapshot.entry.good;
      if (current.state === 'open') {
        // Two windows together: one alone may be empty by chance.
        const pair = previous === undefined ? good : (previous + good) / 2;
        previous = good;
        if (pair < worst) {
          worst = pair;
          current.goodputDuring = Math.min(current.goodputDuring, pair);
        }
        if (diagnosis.origins.length > 0) current.origins = diagnosis.origins.map((o) => o.service);
        return;
      }
      after = [...after.slice(-59), good];
      current.goodputAfter = after.reduce((a, b) => a + b, 0) / after.length;
      if (after.length === 10) save();
    },
    change(edit) {
      if (!current) return;
      edit(current);
      save();
    },
    note(text) {
      if (!current || current.notes.includes(text)) return;
      current.notes = [...current.notes, text];
      save();
    },
    planned(plan) {
      if (!current) return;
      const had = new Set(current.plan.map(describeMitigation));
      current.plan = [...current.plan, ...plan.filter((m) => !had.has(describeMitigation(m)))];
      save();
    },
    recover(at, leasesLeft) {
      if (!current) return;
      current.recoveredAt ??= at;
      wellSince = at;
      current.state = leasesLeft > 0 ? 'mitigated' : 'recovered';
      if (leasesLeft === 0) current.closedAt = at;
      save();
      if (leasesLeft === 0) current = undefined;
    },
    close,
  };
}
