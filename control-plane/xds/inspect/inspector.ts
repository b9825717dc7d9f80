import type { ExtraService } from '../extra-service.ts';
import { frameMessage } from '../http2-call.ts';
import type { Peer } from '../peer.ts';
import { csdsService } from './csds.ts';
import type { ControlPlane } from './istio-debug.ts';
import { debugAnswer } from './istio-debug.ts';
import type { Inspected } from './state.ts';

/** Why a peer may not look at the state of nodes other than itself; undefined = it may. */
export type Inspect = (peer: Peer) => string | undefined;

/** What one address shows of the nodes behind the same wall, and to whom: CSDS, and what istioctl asks for. */
export class Inspector {
  readonly service: ExtraService;
  readonly #nodes: () => Iterable<Inspected>;
  readonly #inspect: Inspect;
  readonly #controlPlane: ControlPlane;

  constructor(nodes: () => Iterable<Inspected>, inspect: Inspect, controlPlane: ControlPlane) {
    this.#nodes = nodes;
    this.#inspect = inspect;
    this.#controlPlane = controlPlane;
    this.service = csdsService(nodes, inspect);
  }

  /** Answers a request for one of istioctl's types, in its gRPC frame, or says why not. */
  debug(
    peer: Peer,
    request: { readonly typeUrl: string; readonly names: readonly string[] },
    nonce: string,
  ): { answer: Buffer } | { refused: string } {
    const refused = this.#inspect(peer);
    if (refused !== undefined) return { refused };
    return { answer: frameMessage(debugAnswer(request, this.#nodes(), this.#controlPlane, nonce)) };
  }
}
