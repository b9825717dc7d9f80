import type { Clock } from '../mesh/clock.ts';
import { describeFault, type Fault } from '../mesh/fault.ts';
import type { LedgerEntry } from '../mesh/record.ts';
import type { Store } from '../mesh/store.ts';
import type { Topology } from '../mesh/topology.ts';
import { headroom } from './headroom.ts';
import type { ProductionCost } from './production-cost.ts';

/** What the budget asks of production before anything is spent. */
export interface ProductionState {
  /** Users are impaired now. */
  readonly impaired: boolean;
  readonly incidentOpen: boolean;
  /** good ÷ what healthy traffic would give, 0..1. */
  readonly goodRatio: number;
  /** The share 0..1 of the machine production runs on that is in use by what does not give way to it; absent = unknown. */
  readonly busy?: number;
}

export interface BudgetOptions {
  readonly store: Pick<Store, 'ledger'>;
  readonly clock: Clock;
  readonly topology: Topology;
  /** Most that may be saved up, in risk-seconds; default 600. */
  readonly capacity?: number;
  /** Refill in risk-seconds an hour; default 1200. */
  readonly perHour?: number;
  readonly production?: () => ProductionState;
}

/** The chaos budget: a ledger in risk-seconds. */
export interface Budget {
  /** Risk-seconds a fault costs over `seconds`: share of edges hit × magnitude × share × seconds. */
  quote(fault: Fault, seconds: number): number;
  /** Why nothing may be spent now (production suffers, the machine is full, the fault costs more than there is), or undefined. */
  refusal(fault?: Fault, seconds?: number): string | undefined;
  /** Books what an episode really cost, measured seconds and production's part included. */
  receipt(episode: string, fault: Fault, seconds: number, cost?: ProductionCost): LedgerEntry;
  /** 0..1: how hard the shadow may be shaken now. Follows production: 0 in trouble, less when the machine is busy. */
  intensity(): number;
  balance(): number;
  readonly capacity: number;
  readonly perHour: number;
}

/** Burning its SLO: below this goodput nothing is spent, even before the detector calls it impaired. */
const SLO_RATIO = 0.95;
/** A lost good answer of production, a CPU second of its proxies, and a second with a p99 later by the entry's SLO, in risk-seconds. */
const LOST_GOOD = 1;
const MIRROR_CPU = 1;
const LATE_SECOND = 1;

/** Refill flows by the clock but not while production suffers; the balance survives a restart through the ledger. */
export function createBudget(options: BudgetOptions): Budget {
  const { store, clock, topology } = options;
  const capacity = options.capacity ?? 600;
  const perHour = options.perHour ?? 1200;
  const last = store.ledger.list({ limit: 1 })[0];
  let balance = Math.min(capacity, last?.balance ?? capacity);
  let booked = balance;
  let at = last?.at ?? clock.now();

  const trouble = (): string | undefined => {
    const p = options.production?.();
    if (!p) return undefined;
    if (p.incidentOpen) return 'production has an open incident';
    if (p.impaired) return 'production is impaired';
    if (p.goodRatio < SLO_RATIO) return `production burns its SLO (${(100 * p.goodRatio).toFixed(0)}% good)`;
    return undefined;
  };

  const full = (): string | undefined => {
    const { busy } = options.production?.() ?? {};
    return headroom(busy) > 0 ? undefined : `the machine is full (${(100 * (busy ?? 0)).toFixed(0)}% in use)`;
  };

  function refill(): void {
    const now = clock.now();
    const hours = Math.max(0, now - at) / 3600_000;
    at = now;
    if (!trouble()) balance = Math.min(capacity, balance + hours * perHour);
  }

  function append(amount: number, why: string, episode?: string): LedgerEntry {
    const entry = { at: clock.now(), amount, balance, why, ...(episode === undefined ? {} : { episode }) };
    store.ledger.append(entry);
    booked = balance;
    return entry;
  }

  return {
    capacity,
    perHour,
    quote: (fault, seconds) => quote(topology, fault, seconds),
    refusal(fault, seconds = 30) {
      refill();
      const reason = trouble() ?? full();
      if (reason) return reason;
      if (!fault) return undefined;
      const cost = quote(topology, fault, seconds);
      if (cost > balance)
        return `${describeFault(fault)} may cost ${cost.toFixed(1)} risk-seconds and ${balance.toFixed(1)} are left`;
      return undefined;
    },
    receipt(episode, fault, seconds, cost = {}) {
      refill();
      if (balance > booked + 1e-9) append(balance - booked, 'refill');
      const own = quote(topology, fault, seconds);
      const late = ((cost.addedP99Ms ?? 0) / (topology.edges[topology.entry]?.sloLatencyMs ?? 1000)) * seconds;
      const production =
        (cost.lostGood ?? 0) * LOST_GOOD + (cost.mirrorCpuSeconds ?? 0) * MIRROR_CPU + late * LATE_SECOND;
      const amount = -(own + Math.max(0, production));
      balance += amount;
      const extra = production > 0 ? `, ${production.toFixed(1)} of it in production (${costText(cost)})` : '';
      return append(amount, `${describeFault(fault)} for ${seconds.toFixed(0)} s${extra}`, episode);
    },
    intensity() {
      return trouble() ? 0 : headroom(options.production?.().busy);
    },
    balance() {
      refill();
      return balance;
    },
  };
}

/** What production paid, in words: `0.2 s of CPU for copies, 3 good answers lost, p99 12 ms later`. */
function costText({ mirrorCpuSeconds = 0, lostGood = 0, addedP99Ms = 0 }: ProductionCost): string {
  return [
    ...(mirrorCpuSeconds > 0 ? [`${mirrorCpuSeconds.toFixed(1)} s of CPU for copies`] : []),
    ...(lostGood > 0 ? [`${lostGood.toFixed(0)} good answers lost`] : []),
    ...(addedP99Ms > 0 ? [`p99 ${addedP99Ms.toFixed(0)} ms later`] : []),
  ].join(', ');
}

function quote(topology: Topology, fault: Fault, seconds: number): number {
  const edges = Object.values(topology.edges);
  const target = fault.target;
  const hit = edges.filter((e) =>
    'edge' in target ? e.id === target.edge : e.callee === target.service || e.caller === target.service,
  ).length;
  const share = edges.length > 0 ? hit / edges.length : 0;
  return share * Math.max(0.1, fault.magnitude) * fault.share * Math.max(0, seconds);
}
