import type { Address } from '../../../control-plane/envoy/node.ts';
import { wallClock } from '../../../control-plane/mesh/clock.ts';
import type { Rng } from '../../../control-plane/mesh/rng.ts';
import type { Answer } from '../../envoy/fixtures/client.ts';
import { ask } from '../../envoy/fixtures/client.ts';
import type { Journal } from './journal.ts';

/** A request that should have been answered by an upstream and was not. */
export interface Broken {
  readonly target: string;
  readonly status: number;
  /** Envoy's response flags and details, where Envoy answered itself. */
  readonly text: string;
}

export interface LoadCounts {
  /** Requests whose target was there before and after. */
  counted: number;
  /** Requests whose target went while they were under way: nothing is promised. */
  excused: number;
  readonly broken: Broken[];
}

/** Users: each sends one request after the other, a moment apart, to targets that stand. */
export class Load {
  readonly counts: LoadCounts = { counted: 0, excused: 0, broken: [] };
  readonly #journal: Journal;
  readonly #rng: Rng;
  readonly #listener: (name: string) => Address;
  readonly #users: Promise<void>[];
  readonly #onBroken: (broken: Broken) => void;
  #waiting: { count: number; resolve: () => void }[] = [];
  #over = false;

  constructor(
    journal: Journal,
    rng: Rng,
    listener: (name: string) => Address,
    how: { users: number; pauseMs: number; onBroken: (broken: Broken) => void },
  ) {
    this.#journal = journal;
    this.#rng = rng;
    this.#listener = listener;
    this.#onBroken = how.onBroken;
    this.#users = Array.from({ length: how.users }, () => this.#use(how.pauseMs));
  }

  /** Resolves when so many more requests have been counted. */
  counted(more: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ count: this.counts.counted + more, resolve }));
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#users);
  }

  async #use(pauseMs: number): Promise<void> {
    while (!this.#over) {
      const standing = this.#journal.standing;
      if (standing.length > 0) await this.#request(this.#rng.pick(standing));
      await wallClock.sleep(pauseMs);
    }
  }

  async #request(target: string): Promise<void> {
    const since = this.#journal.since(target);
    const [listener, path] = target.split(' ') as [string, string];
    const answer = await ask(this.#listener(listener), path);
    if (this.#journal.since(target) !== since) {
      this.counts.excused++;
      return;
    }
    this.counts.counted++;
    if (!answeredByUpstream(answer)) {
      const broken = { target, status: answer.status, text: answer.text };
      this.counts.broken.push(broken);
      this.#onBroken(broken);
    }
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.counts.counted < count) return true;
      resolve();
      return false;
    });
  }
}

/** Upstreams of the soak answer 200 and say who they are. */
export const UPSTREAM_HEADER = 'x-soak-upstream';

function answeredByUpstream({ status, headers }: Answer): boolean {
  return status === 200 && headers[UPSTREAM_HEADER] !== undefined;
}
