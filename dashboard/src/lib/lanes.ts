/** A stretch of time drawn as a bar above a chart; `to` absent = until now. */
export interface Band {
  readonly id: string;
  readonly kind: 'fault' | 'mitigation' | 'incident';
  readonly label: string;
  readonly from: number;
  readonly to?: number;
}

/**
 * Gives each band a row so that none covers another: incidents and faults come first, the rest goes to the first row that is free
 * at its start. Beyond `rows` rows the last one is shared.
 */
export function assignRows(bands: readonly Band[], now: number, rows: number): { band: Band; row: number }[] {
  const freeAt: number[] = [];
  const ordered = bands.toSorted(
    (a, b) => Number(a.kind === 'mitigation') - Number(b.kind === 'mitigation') || a.from - b.from,
  );
  return ordered.map((band) => {
    let row = 0;
    // Mitigations leave the first row to what went wrong.
    if (band.kind === 'mitigation') row = 1;
    while (row < rows - 1 && (freeAt[row] ?? Number.NEGATIVE_INFINITY) > band.from) row++;
    freeAt[row] = Math.max(freeAt[row] ?? 0, band.to ?? now);
    return { band, row };
  });
}
