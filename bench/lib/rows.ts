import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';

/** One measured line, the same for every bench (design, Benchmarks). `ours` and peers are medians over `rounds`. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  readonly measure: string;
  readonly unit: string;
  readonly ours?: number;
  readonly peers?: Readonly<Record<string, number>>;
  readonly ratio?: number;
  readonly target?: string;
  readonly met?: boolean;
  readonly rounds?: number;
  readonly skipped?: string;
  readonly note?: string;
}

/** What the figures were measured on; kept beside them. */
export function machine(): { cpu: string; cores: number; memoryGiB: number; node: string; platform: string } {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Numbers that JSON lacks become text: "never" for Infinity, null for NaN. */
export const plain = (_: string, v: unknown) => (v === Number.POSITIVE_INFINITY ? 'never' : v);

export function writeRows(file: string, rows: readonly Row[], extra: Record<string, unknown> = {}): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine: machine(), ...extra, rows }, plain, 1)}\n`);
}

const show = (v: number | undefined) =>
  v === undefined || Number.isNaN(v)
    ? '–'
    : v === Number.POSITIVE_INFINITY
      ? 'never'
      : Math.abs(v) >= 100
        ? v.toFixed(0)
        : v.toPrecision(3);

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap((r) => Object.keys(r.peers ?? {})))];
  const head = ['case', 'measure', 'unit', 'ours', ...peers, 'target', 'met', 'rounds'];
  const lines = rows.map((r) =>
    r.skipped !== undefined
      ? [r.case, r.measure, r.unit, `skipped: ${r.skipped}`]
      : [
          r.case,
          r.measure,
          r.unit,
          show(r.ours),
          ...peers.map((p) => show(r.peers?.[p])),
          r.target ?? '',
          r.met === undefined ? '' : r.met ? 'yes' : 'NO',
          String(r.rounds ?? ''),
        ],
  );
  const widths = head.map((h, i) =>
    Math.max(h.length, ...lines.map((l) => (l.length === head.length ? (l[i]?.length ?? 0) : 0))),
  );
  return [head, ...lines]
    .map((l) =>
      l
        .map((c, i) => c.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
