import type { WireRequest } from './wire-request.ts';
import { decodeRequest } from './wire-request.ts';

interface Known {
  readonly protocol: 'sotw' | 'delta';
  readonly bytes: Uint8Array;
  readonly request: WireRequest;
}

/** How many requests are kept, and up to which size, bytes. */
const MOST = 16;
const LARGEST = 128 * 1024;

/**
 * Requests that were just read. The acknowledgements of thousands of proxies in step are the same bytes, since the nonce
 * stands for the version and the node is named once: they are recognised without being read again. So are the lists of
 * names that proxies of the same clusters ask for, which then share one list.
 */
export class RequestMemory {
  readonly #known: Known[] = [];
  #next = 0;

  /**
   * A request of a stream whose node is known; it may be shared with others. `recognised`: it did not have to be read. Throws
   * on malformed bytes.
   */
  decode(bytes: Uint8Array, protocol: 'sotw' | 'delta'): { request: WireRequest; recognised: boolean } {
    for (const known of this.#known)
      if (
        known.bytes.length === bytes.length &&
        known.protocol === protocol &&
        Buffer.compare(known.bytes, bytes) === 0
      )
        return { request: known.request, recognised: true };
    const request = decodeRequest(bytes, protocol, false);
    if (bytes.length <= LARGEST) {
      // The bytes may be a part of something larger that would be kept with them.
      this.#known[this.#next] = { protocol, bytes: Uint8Array.from(bytes), request };
      this.#next = (this.#next + 1) % MOST;
    }
    return { request, recognised: false };
  }
}
