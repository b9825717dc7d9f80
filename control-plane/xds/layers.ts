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

/**
 * The layers of a node: what is for everybody, then what is for its cluster, then what is for itself alone. Nodes with the
 * same layers are one group and have one snapshot.
 */
export function layersOf(layers: readonly Layer[], node: NodeName): readonly Layer[] {
  const rank = ({ node: selector }: Layer) => (selector === undefined ? 0 : 'cluster' in selector ? 1 : 2);
  return layers
    .filter(({ node: s }) => s === undefined || ('id' in s ? s.id === node.id : s.cluster === node.cluster))
    .toSorted((a, b) => rank(a) - rank(b));
}

/** Layers on top of each other: of resources of one type and name, the last one's counts. */
export function compose(layers: readonly Layer[]): Resource[] {
  const found = new Map<string, Resource>();
  for (const { resources } of layers) for (const r of resources) found.set(`${r.typeUrl}\n${r.name}`, r);
  return [...found.values()];
}

/** A group that is known before any of its nodes has connected, by nodes that stand for it. */
export interface KnownGroup {
  readonly name: string;
  /** One of them is enough: of a node with a layer of its own the cluster is not known yet. */
  readonly candidates: readonly NodeName[];
}

/** The groups there are: one of each cluster, each node that has a layer of its own, or, without either, everybody. */
export function knownGroups(layers: readonly Layer[]): KnownGroup[] {
  const clusters = new Set<string>();
  const ids = new Set<string>();
  for (const { node } of layers) {
    if (node && 'cluster' in node) clusters.add(node.cluster);
    if (node && 'id' in node) ids.add(node.id);
  }
  const groups: KnownGroup[] = [];
  for (const cluster of clusters) groups.push({ name: `cluster ${cluster}`, candidates: [{ id: '', cluster }] });
  for (const id of ids)
    groups.push({ name: `node ${id}`, candidates: ['', ...clusters].map((cluster) => ({ id, cluster })) });
  return groups.length > 0 ? groups : [{ name: 'every node', candidates: [{ id: '', cluster: '' }] }];
}
