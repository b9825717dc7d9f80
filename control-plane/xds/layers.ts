import { remember } from './remember.ts';
import type { Resource } from './resource.ts';

/** Which nodes: one by its id, or all of a cluster (what Envoy's --service-cluster says). */
export type NodeSelector = { readonly id: string } | { readonly cluster: string };

/** Resources for the nodes that fit; without a selector, for every node. */
export interface Layer {
  readonly node?: NodeSelector | undefined;
  readonly resources: readonly Resource[];
}

/** Who a node is, as far as layers ask. */
export interface NodeName {
  readonly id: string;
  readonly cluster: string;
}

/** Layers on top of each other: of resources of one type and name, the last one's counts. */
export function compose(layers: readonly Layer[]): Resource[] {
  const found = new Map<string, Map<string, Resource>>();
  for (const { resources } of layers)
    for (const r of resources) remember(found, r.typeUrl, () => new Map<string, Resource>()).set(r.name, r);
  return found
    .values()
    .flatMap((ofType) => ofType.values())
    .toArray();
}

/** A group that is known before any of its nodes has connected, by nodes that stand for it. */
export interface KnownGroup {
  readonly name: string;
  /** One of them is enough: of a node with a layer of its own the cluster is not known yet. */
  readonly candidates: readonly NodeName[];
}

/** Layers by whom they are for. */
export class LayerIndex {
  readonly #everybody: Layer[] = [];
  readonly #clusters = new Map<string, Layer[]>();
  readonly #ids = new Map<string, Layer[]>();

  constructor(layers: readonly Layer[]) {
    for (const layer of layers) {
      const { node } = layer;
      if (!node) this.#everybody.push(layer);
      else if ('id' in node) remember(this.#ids, node.id, () => []).push(layer);
      else remember(this.#clusters, node.cluster, () => []).push(layer);
    }
  }

  /**
   * The layers of a node: what is for everybody, then what is for its cluster, then what is for itself alone.
   */
  of({ id, cluster }: NodeName): readonly Layer[] {
    return [...this.#everybody, ...(this.#clusters.get(cluster) ?? []), ...(this.#ids.get(id) ?? [])];
  }

  /** Nodes with the same layers are one group and have one snapshot. */
  group({ id, cluster }: NodeName): string {
    const ofCluster = this.#clusters.has(cluster);
    const own = this.#ids.has(id);
    return ofCluster || own ? JSON.stringify([ofCluster && cluster, own && id]) : '';
  }

  /** The groups there are: one of each cluster, each node that has a layer of its own, or, without either, everybody. */
  knownGroups(): KnownGroup[] {
    const clusters = [...this.#clusters.keys()];
    const groups: KnownGroup[] = [
      ...clusters.map((cluster) => ({ name: `cluster ${cluster}`, candidates: [{ id: '', cluster }] })),
      ...this.#ids
        .keys()
        .map((id) => ({ name: `node ${id}`, candidates: ['', ...clusters].map((cluster) => ({ id, cluster })) })),
    ];
    return groups.length > 0 ? groups : [{ name: 'every node', candidates: [{ id: '', cluster: '' }] }];
  }
}
