/** Thrown by {@link WorkerPool.run} when every worker is busy and the queue is full; the server answers 503. */
export class QueueFull extends Error {
  constructor() {
    super('queue full');
    this.name = 'QueueFull';
  }
}

/**
 * At most `workers` tasks at a time, at most `queue` waiting, first in first out. A task whose caller has gone is worked
 * on all the same, as in most servers: that is what lets a queue of stale requests keep a service down.
 */
export class WorkerPool {
  readonly workers: number;
  readonly queue: number;
  #busy = 0;
  #waiting: (() => void)[] = [];

  constructor(workers: number, queue: number) {
    this.workers = workers;
    this.queue = queue;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** @throws QueueFull at once where there is no room. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#busy < this.workers) this.#busy++;
    else {
      if (this.#waiting.length >= this.queue) throw new QueueFull();
      await new Promise<void>((start) => this.#waiting.push(start));
    }
    try {
      return await task();
    } finally {
      // A waiting task takes over the worker, so `busy` stays as it is.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }
}
