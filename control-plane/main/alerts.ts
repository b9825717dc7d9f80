import { Counter, Registry } from 'prom-client';
import type { Log } from '../guardian/ports.ts';
import { type AlertKind, alertKinds } from '../mesh/alert.ts';

type AlertWorld = keyof typeof alertKinds;

export interface Alert<W extends AlertWorld> {
  readonly kind: AlertKind<W>;
  readonly message: string;
  readonly incident?: string;
}

/** Where alerts go: each is a line of level warn in the log, and is counted. */
export interface Alerts {
  readonly registry: Registry;
  raise<W extends AlertWorld>(world: W, alert: Alert<W>): void;
}

export function createAlerts(logger: Pick<Log, 'warn'>): Alerts {
  const registry = new Registry();
  const count = new Counter({
    name: 'umbra_alerts_total',
    help: 'Alerts: what calls for a person, by what it is about',
    labelNames: ['world', 'kind'],
    registers: [registry],
  });
  // A series that begins at 1 shows no increase to Prometheus.
  for (const [world, kinds] of Object.entries(alertKinds)) for (const kind of kinds) count.inc({ world, kind }, 0);
  return {
    registry,
    raise(world, { kind, message, incident }) {
      logger.warn({ kind, incident }, message);
      count.inc({ world, kind });
    },
  };
}
