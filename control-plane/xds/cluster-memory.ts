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

const nothing: ReadonlyMap<string, TypeSet> = new Map();
/** More are not remembered where clients of one node are so far apart. */
const MOST = 16;

/**
 * The answers of clusters that clients of a node may hold, by version. State of the world says nothing of what a client
 * brings to a new stream but the version it last applied, which need not be the one it last acknowledged: Envoy acknowledges
 * clusters when they are warm. And until they are it waits for their endpoints and secrets, though meanwhile nobody
 * wants them any more.
 */
export class ClusterMemory {
  /** The newest last. */
  readonly #sent = new Map<string, SentClusters>();

  remember(version: string, sent: SentClusters): void {
    this.#sent.delete(version);
    this.#sent.set(version, sent);
    if (this.#sent.size > MOST) this.#sent.delete(this.#sent.keys().next().value!);
  }

  /** What a client holds that says so; the newest answer where the version is not known, nothing where it says none. */
  recall(version: string): SentClusters | undefined {
    return version === '' ? undefined : (this.#sent.get(version) ?? [...this.#sent.values()].at(-1));
  }

  /** What a cluster that was sent may still be waiting for. */
  warmedBy(typeUrl: string, name: string): Resource | undefined {
    for (const { warmedBy } of [...this.#sent.values()].reverse()) {
      const found = warmedBy.get(typeUrl)?.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /** The only client has acknowledged this version: it holds none from before, and waits for nothing. */
  acknowledged(version: string): void {
    const sent = this.#sent.get(version);
    if (!sent) return;
    for (const older of this.#sent.keys()) {
      if (older === version) break;
      this.#sent.delete(older);
    }
    if (sent.warmedBy.size > 0) this.#sent.set(version, { ...sent, warmedBy: nothing });
  }

  clear(): void {
    this.#sent.clear();
  }
}
