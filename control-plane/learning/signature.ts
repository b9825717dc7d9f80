import type { DecisionContext } from '../mesh/policy.ts';
import type { ServiceId } from '../mesh/topology.ts';
import { type EdgeView, type MeshView, viewOf } from './features/view.ts';

/** More users than usual by this share; less is chance at a few requests a second. */
const SURGE = 0.6;

/**
 * A coarse name for what is going wrong, which stays the same across rates, worlds and magnitudes:
 * `origin=payments fail:errors part=half slow=0 surge=0 leaf`. Equal signatures share patterns.
 *
 * The origin is the detector's where it names one, else the service this module blames most; what the service shows comes
 * from the busiest edge into it.
 */
export function signatureOf(context: DecisionContext): string {
  const view = viewOf(context);
  const surge = view.surge > SURGE || context.diagnosis.symptoms.some((s) => s.kind === 'surge');
  if (surge) return `origin=users surge ${sheds(view)}`.trim();
  const origin = originOf(context, view);
  if (!origin) return 'origin=unknown';
  const service = view.services.get(origin)!;
  const into = service.in.reduce<EdgeView | undefined>((a, b) => (a && severity(a) >= severity(b) ? a : b), undefined);
  const words = [`origin=${origin}`];
  if (into) words.push(failureOf(into), `part=${partOf(into.fail)}`, slownessOf(into));
  if (service.cpuMax > 0.85) words.push('cpu');
  if (service.memoryNearLimit > 0.9 || service.memory > 1) words.push('memory');
  if (service.ready < 1) words.push('unready');
  if (view.retries > 0.5) words.push('retrying');
  return words.join(' ');
}

/** The service where it seems to begin, or undefined where nothing is to blame. */
export function originOf(context: DecisionContext, view: MeshView = viewOf(context)): ServiceId | undefined {
  const named = context.diagnosis.origins.find((o) => view.services.has(o.service));
  if (named) return named.service;
  const worst = [...view.services.values()].reduce((a, b) => (b.blame > a.blame ? b : a));
  return worst.blame > 0.05 ? worst.id : undefined;
}

const severity = (e: EdgeView): number => e.fail + e.late + Math.max(0, e.p99) / 12;

/** The kind of failure there is most of. */
function failureOf(e: EdgeView): string {
  if (e.fail < 0.05) return 'fail:none';
  const kinds = { errors: e.http5xx, timeouts: e.timeout, connect: e.connect + e.reset, refused: e.overflow + e.shed };
  return `fail:${Object.entries(kinds).reduce((a, b) => (b[1] > a[1] ? b : a))[0]}`;
}

/** Bands wide enough that a replay of the same fault falls into the same one, cut where a share that is hit is told from all. */
function partOf(fail: number): string {
  return fail < 0.05 ? 'none' : fail < 0.35 ? 'some' : fail < 0.65 ? 'half' : 'all';
}

const slownessOf = (e: EdgeView): string => (e.p50 > 1.5 ? 'slow=all' : e.p99 > 2 ? 'slow=tail' : 'slow=0');

const sheds = (view: MeshView): string =>
  [...view.edges.values()].some((e) => e.timeout > 0.2) ? 'timeouts' : view.retries > 0.5 ? 'retrying' : '';
