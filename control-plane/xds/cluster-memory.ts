import type { Resource } from './resource.ts';
import type { TypeSet } from './type-set.ts';

/** An answer of clusters as it was sent to some client of a node. */
export interface SentClusters {
  readonly set: TypeSet;
  /** Sent beside the set, because routes might still lead to them. */
  readonly kept: readonly Resource[];
  /** By type URL, what there was then of what clusters warm by. */
  readonly warmedBy: ReadonlyMap<string, TypeSet>;
}

/** More are not remembered where clients of one node are so far apart. */
const MOST = 16;

/**
 * The answers of clusters that clients of a node may hold, by version. State of the world says nothing of what a client
 * brings to a new stream but the version it last applied, which need not be the one it last acknowledged: Envoy acknowledges
 * clusters when they are warm. And until they are it waits for their endpoints and secrets, though meanwhile nobody
 * wants them any more.
 */
export class ClusterMemory {
  /** The newest last; a few at most. */
  #sent: { readonly version: string; readonly sent: SentClusters }[] = [];

  remember(version: string, sent: SentClusters): void {
    const known = this.#indexOf(version);
    if (known >= 0) this.#sent.splice(known, 1);
    else if (this.#sent.length >= MOST) this.#sent.shift();
    this.#sent.push({ version, sent });
  }

  /** What a client holds that says so; the newest answer where the version is not known, nothing where it says none. */
  recall(version: string): SentClusters | undefined {
    return version === '' ? undefined : this.#sent.at(this.#indexOf(version))?.sent;
  }

  /** What was sent after that: a client that refused it may have applied some of it. */
  *after(version: string): Iterable<SentClusters> {
    const at = this.#indexOf(version);
    if (at >= 0) for (const { sent } of this.#sent.slice(at + 1)) yield sent;
  }

  /** What a cluster that was sent may still be waiting for. */
  warmedBy(typeUrl: string, name: string): Resource | undefined {
    for (const { sent } of this.#sent.toReversed()) {
      const found = sent.warmedBy.get(typeUrl)?.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /** The only client has acknowledged this version: it holds none from before. Should it lose and get it again, it warms anew. */
  acknowledged(version: string): void {
    const at = this.#indexOf(version);
    if (at < 0) return;
    if (at > 0) this.#sent.splice(0, at);
  }

  clear(): void {
    this.#sent = [];
  }

  /** -1 where it is not known. */
  #indexOf(version: string): number {
    return this.#sent.findIndex((s) => s.version === version);
  }
}
