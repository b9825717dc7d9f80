import { Wire } from './wire.ts';

/** What came of a load. Latencies are of answers with a status of 2xx, sorted, ms. */
export interface Loaded {
  readonly answers: number;
  readonly failed: number;
  readonly seconds: number;
  readonly latencies: Float64Array;
}

class Tally {
  private readonly all: number[] = [];
  failed = 0;
  private readonly begun = performance.now();

  readonly add = (ms: number, ok: boolean): void => {
    if (ok) this.all.push(ms);
    else this.failed++;
  };

  result(): Loaded {
    return {
      answers: this.all.length + this.failed,
      failed: this.failed,
      seconds: (performance.now() - this.begun) / 1000,
      latencies: Float64Array.from(this.all).sort(),
    };
  }
}

/** The value below which a share `q` of sorted values lies; NaN of none. */
export const quantile = (sorted: Float64Array, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

/**
 * Connections of which each sends its next request as soon as its answer has come, for `ms`. Resolves when the last answer is in;
 * rejects if a connection breaks.
 */
export async function closedLoop(port: number, request: Buffer, connections: number, ms: number): Promise<Loaded> {
  const { promise: broke, reject } = Promise.withResolvers<never>();
  const wires = await Promise.all(Array.from({ length: connections }, () => Wire.open(port, reject)));
  const tally = new Tally();
  const until = performance.now() + ms;
  const run = (wire: Wire) =>
    new Promise<void>((resolve) => {
      const next = () =>
        wire.send(request, (took, ok) => {
          tally.add(took, ok);
          if (performance.now() < until) next();
          else resolve();
        });
      next();
    });
  try {
    await Promise.race([Promise.all(wires.map(run)), broke]);
    return tally.result();
  } finally {
    for (const wire of wires) wire.close();
  }
}

/**
 * Requests at a steady rate whatever the answers: each is sent when it is due on a connection that is free, and on a new one
 * where none is. Latency counts from then, which a timer is at most about a millisecond late for.
 * @param most connections; where all are in use a request waits for one, and its latency counts from when it began to
 */
export async function openLoop(
  port: number,
  request: Buffer,
  perSecond: number,
  ms: number,
  most = Number.POSITIVE_INFINITY,
): Promise<Loaded> {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const wires: Wire[] = [];
  const free: Wire[] = [];
  /** Since when requests wait. */
  const waiting: number[] = [];
  const tally = new Tally();
  const total = Math.round((perSecond * ms) / 1000);
  let sent = 0;
  let ended = 0;
  let opened = 0;
  const send = (wire: Wire, since?: number) =>
    wire.send(
      request,
      (took, ok) => {
        tally.add(took, ok);
        if (waiting.length > 0) send(wire, waiting.shift());
        else free.push(wire);
        if (++ended === total) resolve();
      },
      since,
    );
  const sendOnNew = () => {
    opened++;
    void Wire.open(port, reject).then((wire) => {
      wires.push(wire);
      send(wire);
    }, reject);
  };
  const begun = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const wire = free.pop();
      if (wire) send(wire);
      else if (opened < most) sendOnNew();
      else waiting.push(performance.now());
    }
  }, 1);
  try {
    await done;
    return tally.result();
  } finally {
    clearInterval(timer);
    for (const wire of wires) wire.close();
  }
}
