import type { WireRequest } from './wire-request.ts';
import { decodeRequest, nodeSpan } from './wire-request.ts';

export interface Decoded {
  readonly request: WireRequest;
  /** It did not have to be read. */
  readonly recognised: boolean;
  /** Bytes of its node, which was passed over. */
  readonly nodeBytes: number;
}

interface Known {
  readonly protocol: 'sotw' | 'delta';
  /** All but the node. */
  readonly rest: Uint8Array;
  readonly request: WireRequest;
}

/** How many requests are kept, and their bytes. */
const MOST = 16;
const MOST_BYTES = 4 * 1024 * 1024;
/** A larger request is not kept, bytes: it would leave no room for others. */
const LARGEST = 1024 * 1024;

/**
 * Requests that were just read. The acknowledgements of thousands of proxies in step are the same bytes but for the node, which an
 * Envoy names each time, since the nonce stands for the version: they are recognised without being read again. So are the lists
 * of names that proxies of the same clusters ask for, which then share one list.
 */
export class RequestMemory {
  /** The oldest first. */
  readonly #known: Known[] = [];
  #bytes = 0;
  /** The one that came again last: mostly the next is the same. */
  #last: Known | undefined;

  /**
   * A request of a stream whose node is known; it may be shared with others. Throws on malformed bytes.
   */
  decode(bytes: Uint8Array, protocol: 'sotw' | 'delta'): Decoded {
    const span = nodeSpan(bytes, protocol);
    const nodeBytes = span[1] - span[0];
    const isIt = (k: Known) => isSame(k, bytes, span, protocol);
    const known = this.#last && isIt(this.#last) ? this.#last : this.#known.find(isIt);
    if (known) {
      this.#last = known;
      return { request: known.request, recognised: true, nodeBytes };
    }
    const request = decodeRequest(bytes, protocol, false);
    // The bytes may be a part of something larger that would be kept with them.
    if (bytes.length <= LARGEST) this.#keep({ protocol, rest: without(bytes, span), request });
    return { request, recognised: false, nodeBytes };
  }

  #keep(request: Known): void {
    this.#known.push(request);
    this.#bytes += request.rest.length;
    while (this.#known.length > MOST || this.#bytes > MOST_BYTES) this.#bytes -= this.#known.shift()!.rest.length;
  }
}

type Span = readonly [from: number, to: number];

/** A copy. */
function without(bytes: Uint8Array, [from, to]: Span): Uint8Array {
  const rest = new Uint8Array(bytes.length - (to - from));
  rest.set(bytes.subarray(0, from));
  rest.set(bytes.subarray(to), from);
  return rest;
}

function isSame(known: Known, bytes: Uint8Array, [from, to]: Span, protocol: 'sotw' | 'delta'): boolean {
  const { rest } = known;
  if (known.protocol !== protocol || rest.length !== bytes.length - (to - from)) return false;
  return (
    Buffer.compare(rest.subarray(0, from), bytes.subarray(0, from)) === 0 &&
    Buffer.compare(rest.subarray(from), bytes.subarray(to)) === 0
  );
}
