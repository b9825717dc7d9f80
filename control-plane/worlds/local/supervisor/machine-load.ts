import { readFileSync } from 'node:fs';
import { TICKS } from './process-table.ts';

/** Samples that one reading is taken over; one a second. */
const SPAN = 5;

/** CPU seconds of all processors since the machine started. */
export interface ProcessorTimes {
  readonly total: number;
  /** Idle, waiting for disks, or spent on processes of a lower priority than usual, which give way at once. */
  readonly free: number;
}

/** First line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal; undefined where it is none. */
export function parseProcessorTimes(text: string): ProcessorTimes | undefined {
  const ticks = /^cpu +(.+)$/m.exec(text)?.[1]?.split(' ').slice(0, 8).map(Number);
  if (!ticks || ticks.length < 8 || !ticks.every(Number.isFinite)) return undefined;
  const [, nice, , idle, iowait] = ticks as [number, number, number, number, number];
  return { total: ticks.reduce((a, b) => a + b, 0) / TICKS, free: (nice + idle + iowait) / TICKS };
}

/**
 * How busy the machine is for production: the share of its processors that is spent on what does not give way to it. The shadow
 * gives way where a control group of small weight holds it, so what it uses is not counted: a shadow that works hard would
 * otherwise slow itself down for nothing.
 */
export class MachineLoad {
  readonly #read: () => string;
  readonly #samples: { readonly total: number; readonly taken: number }[] = [];
  #yielded = 0;
  #yieldedBefore = 0;

  constructor(read: () => string = () => readFileSync('/proc/stat', 'latin1')) {
    this.#read = read;
  }

  /**
   * Call it once a second.
   * @param yielding CPU seconds so far of what gives way although its priority is the usual one; it may fall when a process ends
   * @returns 0..1 over the last seconds; undefined before the second call, or where the machine does not tell
   */
  sample(yielding: number): number | undefined {
    const times = this.#times();
    if (!times) return undefined;
    this.#yielded += Math.max(0, yielding - this.#yieldedBefore);
    this.#yieldedBefore = yielding;
    this.#samples.push({ total: times.total, taken: times.total - times.free - this.#yielded });
    if (this.#samples.length > SPAN + 1) this.#samples.shift();
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    if (last.total <= first.total) return undefined;
    return Math.min(1, Math.max(0, (last.taken - first.taken) / (last.total - first.total)));
  }

  #times(): ProcessorTimes | undefined {
    try {
      return parseProcessorTimes(this.#read());
    } catch {
      return undefined;
    }
  }
}
