import type { Resource } from './resource.ts';
import type { TypeSet } from './type-set.ts';

/** An answer on its way: sent, not yet acknowledged. */
export interface Sent {
  readonly nonce: string;
  readonly version: string;
  readonly set: TypeSet;
  readonly revision: number;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  readonly heartbeat: boolean;
  readonly at: number;
}

/** What a request said of an earlier answer. */
export type Verdict =
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'ack'; readonly sent: Sent }
  | { readonly kind: 'nack'; readonly sent: Sent; readonly detail: string };

/** The answers of one subscription that are on their way, the last one judged, and the nonces that tell them apart. */
export class Answers {
  readonly #outstanding = new Map<string, Sent>();
  #judged: { sent: Sent; refused: boolean } | undefined;
  #largestSerial = 0;
  #resends = 0;
  lastNonce: string | undefined;

  /** How many wait for their acknowledgement. */
  get onTheirWay(): number {
    return this.#outstanding.size;
  }

  [Symbol.iterator](): Iterator<Sent> {
    return this.#outstanding.values();
  }

  /**
   * The set's serial where the stream sees the set for the first time, so that all streams in step share one encoded
   * message; told apart by a count where it was seen before.
   */
  nextNonce(set: TypeSet): string {
    const serial = set.serial.toString(36);
    this.lastNonce = set.serial > this.#largestSerial ? serial : `${serial}.${++this.#resends}`;
    this.#largestSerial = Math.max(this.#largestSerial, set.serial);
    return this.lastNonce;
  }

  add(sent: Sent): void {
    this.#outstanding.set(sent.nonce, sent);
  }

  /** What is on its way is not waited for any more. */
  forget(): void {
    this.#outstanding.clear();
  }

  /** Reads the acknowledgement in a request. A refusal is the presence of an error, never a comparison of versions. */
  judge(nonce: string, error: string | undefined): Verdict {
    const sent = this.#outstanding.get(nonce);
    if (!sent) {
      const judged = this.#judged;
      if (judged?.sent.nonce !== nonce) return { kind: 'stale' };
      // An error for an answer already acknowledged is late but true; the same refusal twice is one refusal.
      return error !== undefined && !judged.refused ? this.#refuse(judged.sent, error) : { kind: 'subscribe' };
    }
    this.#outstanding.delete(nonce);
    if (error !== undefined) return this.#refuse(sent, error);
    this.#judged = { sent, refused: false };
    return { kind: 'ack', sent };
  }

  #refuse(sent: Sent, detail: string): Verdict {
    this.#judged = { sent, refused: true };
    return { kind: 'nack', sent, detail };
  }
}
