import { type Paint, percent, plain } from './words.ts';

/** A route's fidelity; what is not known is absent (from the API) or null (from a report). */
export interface RouteShown {
  readonly route: string;
  readonly compared: number;
  readonly pairs: number;
  readonly noiseFloor?: number | null;
  readonly score?: number | null;
  readonly interval?: readonly [low: number, high: number] | null;
  readonly note?: string | null;
}

/** `96.4% (95.0%–97.5%)`; a dash for no score. */
export function scoreText(
  score: number | null | undefined,
  interval: readonly [number, number] | null | undefined,
): string {
  return interval ? `${percent(score)} (${percent(interval[0])}–${percent(interval[1])})` : percent(score);
}

/** Rows of a table: route, score with its interval, and what stands behind it. */
export function routeRows(routes: readonly RouteShown[], p: Paint): string[][] {
  return routes.map((r) => [
    `  ${plain(r.route)}`,
    [
      ...(typeof r.score === 'number' ? [scoreText(r.score, r.interval)] : []),
      ...(typeof r.noiseFloor === 'number' ? [`noise floor ${percent(r.noiseFloor)} of ${r.pairs}`] : []),
      `${r.compared} compared`,
      ...(r.note ? [p.dim(plain(r.note))] : []),
    ].join(', '),
  ]);
}
