import type { XdsEvents } from './events.ts';
import type { Layer, NodeName } from './layers.ts';
import { compose, LayerIndex } from './layers.ts';
import { remember } from './remember.ts';
import type { Resource } from './resource.ts';
import { ResourceSet } from './resource-set.ts';

/** What serves the nodes; a {@link ManagementServer} does. */
export interface NodeServer {
  set(nodeId: string, resources: ResourceSet): unknown;
  forget(nodeId: string): void;
  on<K extends 'connect' | 'disconnect'>(event: K, listener: (event: XdsEvents[K]) => void): () => void;
}

/** Why a group's resources do not go together. */
export interface Inconsistency {
  /** `cluster cart`, `node cart-0`, `every node`. */
  readonly group: string;
  readonly problems: readonly string[];
}

export interface LayeredNodesOptions {
  /** What is wrong with resources that one node would have together; empty = nothing. Default: nothing ever is. */
  readonly check?: (resources: readonly Resource[]) => readonly string[];
  /** The layers of a node that is connected do not go together; it gets nothing, or keeps what it has. */
  readonly onInconsistent?: (inconsistency: Inconsistency) => void;
}

/** Nodes that are gone and yet remembered: what they accepted and refused still holds when they come back. */
const MOST_ABSENT = 10_000;

/** What the nodes of one group are served, or why it is nothing. */
interface Snapshot {
  readonly resources: ResourceSet;
  readonly problems: readonly string[];
}

interface Known {
  name: NodeName;
  streams: number;
  /** The last it was judged by; absent before the first layers. */
  snapshot?: Snapshot;
}

/**
 * Serves nodes by group: a node's resources are its layers put together (see {@link LayerIndex}), made and checked once for all
 * nodes that have the same ones. A group that is not consistent is never served; its nodes keep what they have.
 */
export class LayeredNodes {
  readonly #server: NodeServer;
  readonly #options: LayeredNodesOptions;
  #layers = new LayerIndex([]);
  #ready = false;
  /** By group. */
  #snapshots = new Map<string, Snapshot>();
  readonly #nodes = new Map<string, Known>();
  /** Those of them without a stream, the longest absent first. */
  readonly #absent = new Set<string>();
  readonly #off: (() => void)[];

  constructor(server: NodeServer, options: LayeredNodesOptions = {}) {
    this.#server = server;
    this.#options = options;
    this.#off = [
      server.on('connect', ({ nodeId, cluster }) => this.#come({ id: nodeId, cluster })),
      server.on('disconnect', ({ nodeId }) => this.#go(nodeId)),
    ];
  }

  /**
   * Replaces all layers. Where a group of the layers, or a connected node that is served by the present ones, would not be
   * consistent, nothing is replaced, and what is wrong is returned. Any other node has no say: whoever may connect could call
   * itself something that never fits. Before the first layers nodes are held: they keep what they have.
   */
  replace(layers: readonly Layer[]): Inconsistency[] {
    const snapshots = this.#snapshots;
    const before = this.#layers;
    this.#snapshots = new Map();
    this.#layers = new LayerIndex(layers);
    const wrong: Inconsistency[] = [];
    for (const { name, candidates } of this.#layers.knownGroups())
      if (!candidates.some((node) => this.#snapshot(node).problems.length === 0))
        wrong.push({ group: name, problems: this.#snapshot(candidates[0]!).problems });
    for (const { name, streams, snapshot } of this.#nodes.values()) {
      if (streams === 0 || snapshot?.problems.length !== 0) continue;
      const { problems } = this.#snapshot(name);
      if (problems.length > 0) wrong.push({ group: `node ${name.id}`, problems });
    }
    if (wrong.length > 0) {
      this.#layers = before;
      this.#snapshots = snapshots;
      return wrong;
    }
    this.#ready = true;
    for (const node of this.#nodes.values()) this.#serve(node);
    return [];
  }

  /** Stops looking after nodes; they keep what they have. */
  close(): void {
    for (const off of this.#off) off();
  }

  #come(name: NodeName): void {
    const node = remember<string, Known>(this.#nodes, name.id, () => ({ name, streams: 0 }));
    this.#absent.delete(name.id);
    node.name = name;
    node.streams++;
    if (this.#ready && node.snapshot !== this.#snapshot(name)) this.#serve(node);
  }

  #go(id: string): void {
    const node = this.#nodes.get(id);
    if (!node) return;
    if (--node.streams > 0) return;
    this.#absent.add(id);
    if (this.#absent.size <= MOST_ABSENT) return;
    const longest = this.#absent.keys().next().value!;
    this.#absent.delete(longest);
    this.#nodes.delete(longest);
    this.#server.forget(longest);
  }

  #serve(node: Known): void {
    const snapshot = this.#snapshot(node.name);
    const { resources, problems } = snapshot;
    // What is wrong for a node that is gone is told when it comes back.
    if (problems.length > 0 && node.streams === 0) return;
    node.snapshot = snapshot;
    const { id } = node.name;
    if (problems.length === 0) this.#server.set(id, resources);
    else this.#options.onInconsistent?.({ group: `node ${id}`, problems });
  }

  #snapshot(name: NodeName): Snapshot {
    return remember(this.#snapshots, this.#layers.group(name), () => {
      const resources = compose(this.#layers.of(name));
      return { resources: new ResourceSet(resources), problems: this.#options.check?.(resources) ?? [] };
    });
  }
}
