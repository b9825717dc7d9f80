import type { Resource } from './resource.ts';
import type { TypeSet } from './type-set.ts';

/** An answer on its way: sent, not yet acknowledged. */
export interface Sent {
  readonly nonce: string;
  readonly version: string;
  /** What it was made from. */
  readonly set: TypeSet;
  readonly revision: number;
  readonly resources: readonly Resource[];
  /** What it leaves out, of what the client asks for, the client drops. */
  readonly whole: boolean;
  /** Delta only. */
  readonly removed: readonly string[];
  /** It says nothing new, only refreshes times to live: delta resources go without their bodies. */
  readonly heartbeat: boolean;
  readonly at: number;
}

/** What a request said of an earlier answer. */
export type Verdict = { readonly kind: 'subscribe' } | { readonly kind: 'stale' } | Judgement;

export type Judgement =
  | { readonly kind: 'ack'; readonly sent: Sent }
  | { readonly kind: 'nack'; readonly sent: Sent; readonly detail: string };

/** The answers of one subscription that are on their way, the last one judged, and the nonces that tell them apart. */
export class Answers {
  /** The oldest first; a few at most. */
  #outstanding: Sent[] = [];
  #judged: Judgement | undefined;
  #largestSerial = 0;
  #resends = 0;
  lastNonce: string | undefined;

  /** How many wait for their acknowledgement. */
  get onTheirWay(): number {
    return this.#outstanding.length;
  }

  [Symbol.iterator](): Iterator<Sent> {
    return this.#outstanding.values();
  }

  /**
   * The set's serial where the stream sees the set for the first time, so that all streams in step share one encoded
   * message; told apart by a count where it was seen before.
   */
  nextNonce(set: TypeSet): string {
    this.lastNonce = set.serial > this.#largestSerial ? set.nonce : `${set.nonce}.${++this.#resends}`;
    this.#largestSerial = Math.max(this.#largestSerial, set.serial);
    return this.lastNonce;
  }

  add(sent: Sent): void {
    this.#outstanding.push(sent);
  }

  /** The newest that is no mere refresh. */
  get working(): Sent | undefined {
    return this.#outstanding.findLast((sent) => !sent.heartbeat);
  }

  /** Of refreshes only the newest is waited for: it says what those before it said. */
  forgetRefreshes(): void {
    this.#outstanding = this.#outstanding.filter((sent) => !sent.heartbeat);
  }

  /** What is on its way is not waited for any more. */
  forget(): void {
    this.#outstanding = [];
  }

  /** Reads the acknowledgement in a request. A refusal is the presence of an error, never a comparison of versions. */
  judge(nonce: string, error: string | undefined): Verdict {
    const at = this.#outstanding.findIndex((sent) => sent.nonce === nonce);
    if (at < 0) {
      const judged = this.#judged;
      if (judged?.sent.nonce !== nonce) return { kind: 'stale' };
      // An error for an answer already acknowledged is late but true; the same refusal twice is one refusal.
      return error !== undefined && judged.kind === 'ack' ? this.#refuse(judged.sent, error) : { kind: 'subscribe' };
    }
    const sent = this.#outstanding[at]!;
    this.#outstanding.splice(at, 1);
    if (error !== undefined) return this.#refuse(sent, error);
    this.#judged = { kind: 'ack', sent };
    return this.#judged;
  }

  #refuse(sent: Sent, detail: string): Verdict {
    this.#judged = { kind: 'nack', sent, detail };
    return this.#judged;
  }
}
