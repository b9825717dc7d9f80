import { type Fault, MOST_LOAD } from '../../mesh/fault.ts';
import { endsOf } from '../../mesh/topology.ts';

/** What one fault does to requests and replicas of one service, in absolute numbers. */
export interface Effect {
  /** Only requests of this caller; undefined = of all. */
  readonly caller?: string;
  /** Only this replica; undefined = all. */
  readonly replica?: number;
  /** Share of requests (of replicas for hang and kill). */
  readonly share: number;
  /** Delay before the service sees the request, and the share of it that varies. */
  readonly delayMs: number;
  readonly jitter: number;
  /** Chance of each packet to be lost; a lost one costs a retransmission time-out. */
  readonly loss: number;
  /** Refused before, or failed after the work. */
  readonly abort: boolean;
  readonly fails: boolean;
  /** The answer is spoiled, but its status is fine: the caller fails on it. */
  readonly spoils: boolean;
  readonly hang: boolean;
  readonly kill: boolean;
  /** Share of CPU left. */
  readonly cpu: number;
  /** The CPU taken away shows as used (a burner) rather than as a smaller limit. */
  readonly burns: boolean;
  /** Growth of memory in limits per second; slows and crashes at the limit. */
  readonly memory: number;
  /** Users come so many times as often. */
  readonly surge: number;
}

const none: Effect = {
  share: 1,
  delayMs: 0,
  jitter: 0,
  loss: 0,
  abort: false,
  fails: false,
  spoils: false,
  hang: false,
  kill: false,
  cpu: 1,
  burns: false,
  memory: 0,
  surge: 1,
};

/** A TCP retransmission's least time-out. */
export const RETRANSMIT_MS = 200;

/**
 * A fault of the catalogue as an effect on its service, or the reason it has none. What a fault leaves open (jitter, what a
 * spoiled payload does) is drawn from its seed.
 */
export function effectOf(fault: Fault, payloadKib: number): { service: string; effect: Effect } {
  const edge = 'edge' in fault.target;
  const service = 'edge' in fault.target ? endsOf(fault.target.edge)[1] : fault.target.service;
  const where: Partial<Effect> = {
    share: fault.share,
    ...('edge' in fault.target ? { caller: endsOf(fault.target.edge)[0] } : {}),
    ...(!edge && 'replica' in fault.target && fault.target.replica !== undefined
      ? { replica: fault.target.replica, share: fault.kind === 'outage' ? 1 : fault.share }
      : {}),
  };
  const m = Math.min(1, Math.max(0, fault.magnitude));
  const coin = (fault.seed & 7) / 8;
  return { service, effect: { ...none, ...where, ...change(fault, m, coin, payloadKib) } };
}

function change(fault: Fault, m: number, coin: number, payloadKib: number): Partial<Effect> {
  switch (fault.kind) {
    case 'latency':
      return { delayMs: 2000 * m, jitter: coin };
    case 'packet-loss':
      return { loss: 0.5 * m };
    case 'bandwidth':
      return { delayMs: (1000 * payloadKib) / (256 * 2 ** (-5 * m)), jitter: 0.5 };
    case 'outage':
      return m < 0.5 ? { hang: true } : { kill: true };
    case 'corruption':
      // More mutations make a failure likelier; some of them are only found by whoever reads the answer.
      return { share: fault.share * (0.4 + 0.6 * m), ...(coin < 0.5 ? { fails: true } : { spoils: true }) };
    case 'cpu':
      return { cpu: Math.max(0.05, 1 - 0.95 * m), burns: coin < 0.5 };
    case 'memory':
      return { memory: 0.02 + 0.3 * m };
    case 'dependency':
      return m < 0.5 ? { delayMs: 8000 * m, jitter: 0.2 * coin } : { fails: true };
    case 'load':
      return { surge: 1 + MOST_LOAD * m };
    case 'exception':
      return { fails: true };
    case 'abort':
      return { abort: true };
  }
}
