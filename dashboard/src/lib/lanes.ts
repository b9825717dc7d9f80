/** A stretch of time drawn as a bar above a chart; `to` absent = until now. */
export interface Band {
  readonly id: string;
  readonly kind: 'fault' | 'mitigation' | 'incident';
  readonly label: string;
  readonly from: number;
  readonly to?: number;
}

export interface PlacedBand {
  readonly band: Band;
  readonly row: number;
  readonly clearTo?: number;
}

/**
 * Gives each band a row so that none covers another: incidents and faults come first, the rest goes to the first row that is free
 * at its start. Beyond `rows` rows the last one is shared; `clearTo` is when the next one in the same row begins.
 */
export function assignRows(bands: readonly Band[], now: number, rows: number): PlacedBand[] {
  const freeAt: number[] = [];
  const ordered = bands.toSorted(
    (a, b) => Number(a.kind === 'mitigation') - Number(b.kind === 'mitigation') || a.from - b.from,
  );
  const last: (PlacedBand & { clearTo?: number })[] = [];
  return ordered.map((band) => {
    let row = 0;
    // Mitigations leave the first row to what went wrong.
    if (band.kind === 'mitigation') row = 1;
    while (row < rows - 1 && (freeAt[row] ?? Number.NEGATIVE_INFINITY) > band.from) row++;
    freeAt[row] = Math.max(freeAt[row] ?? 0, band.to ?? now);
    const placed: PlacedBand & { clearTo?: number } = { band, row };
    const before = last[row];
    if (before) before.clearTo = band.from;
    last[row] = placed;
    return placed;
  });
}
