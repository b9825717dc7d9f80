/** What the simulated proxy reads of an answer. */
export interface Answer {
  typeUrl: string;
  nonce: string;
  version: string;
  /** Entries of `resources`, and of `removed_resources`. */
  resources: number;
  removed: number;
}

const NOTHING = 0;
const TAG = 1;
const LENGTH = 2;
const VARINT = 3;
const SKIP = 4;
const TEXT = 5;

/** Field 2, length-delimited. */
const RESOURCE_TAG = 0x12;

/**
 * Reads gRPC messages that hold a DiscoveryResponse or DeltaDiscoveryResponse as their bytes arrive, without keeping
 * them: resources are counted and skipped. So a simulated proxy costs little beside the server it shares a machine with.
 * Both messages number what is read here alike (version 1, resources 2, type_url 4, nonce 5; removed_resources 6 is
 * delta's, and read only for it).
 */
export class MessageReader {
  readonly #delta: boolean;
  readonly #onAnswer: (answer: Answer) => void;
  #answer: Answer = empty();
  /** Bytes of the 5 byte gRPC prefix still to come; the message's bytes still to come after it. */
  #prefix = 5;
  #left = 0;
  #state = NOTHING;
  #value = 0;
  #shift = 0;
  #field = 0;
  #skip = 0;
  /** Of a text: its bytes, those that came, and the buffer for one that comes in pieces. */
  #length = 0;
  #textAt = 0;
  #text: Buffer | undefined;

  constructor(delta: boolean, onAnswer: (answer: Answer) => void) {
    this.#delta = delta;
    this.#onAnswer = onAnswer;
  }

  /** Takes `bytes[at … end)`. Throws on a compressed message and on what is no protobuf. */
  read(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (this.#prefix > 0) at = this.#readPrefix(bytes, at);
      else {
        const stop = Math.min(end, at + this.#left);
        this.#left -= stop - at;
        this.#readFields(bytes, at, stop);
        at = stop;
      }
      if (this.#prefix === 0 && this.#left === 0) this.#finish();
    }
  }

  #readPrefix(bytes: Uint8Array, at: number): number {
    if (this.#prefix === 5) {
      if (bytes[at] !== 0) throw new Error('a compressed message, which nobody asked for');
      this.#left = 0;
    } else this.#left = this.#left * 256 + bytes[at]!;
    if (--this.#prefix === 0) this.#state = TAG;
    return at + 1;
  }

  #readFields(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (this.#state === SKIP) {
        const step = Math.min(this.#skip, end - at);
        this.#skip -= step;
        at += step;
        if (this.#skip === 0) this.#state = TAG;
      } else if (this.#state === TEXT) {
        const step = Math.min(this.#length - this.#textAt, end - at);
        if (step === this.#length) this.#endText(known(bytes, at, at + step));
        else {
          this.#text ??= Buffer.alloc(this.#length);
          this.#text.set(bytes.subarray(at, at + step), this.#textAt);
          this.#textAt += step;
          if (this.#textAt === this.#length) this.#endText(this.#text.toString());
        }
        at += step;
      } else {
        if (this.#state === TAG && this.#shift === 0) {
          at = this.#skipResources(bytes, at, end);
          if (at === end) return;
        }
        const byte = bytes[at++]!;
        this.#value += (byte & 0x7f) * 2 ** this.#shift;
        this.#shift += 7;
        if (byte < 0x80) this.#endNumber();
      }
    }
  }

  /**
   * Counts the resources that lie whole in `bytes[at … end)`; gives where the first that does not, or another field, begins. The same
   * as field by field, only faster: an answer has a thousand of them, for each of thousands of proxies.
   */
  #skipResources(bytes: Uint8Array, at: number, end: number): number {
    let count = 0;
    while (at + 4 < end && bytes[at] === RESOURCE_TAG) {
      let next = at + 2;
      let length = bytes[at + 1]!;
      if (length >= 0x80) {
        length = (length & 0x7f) | (bytes[at + 2]! << 7);
        next = at + 3;
        // A resource of more than 16 KiB does not lie here whole.
        if (bytes[at + 2]! >= 0x80) break;
      }
      if (next + length > end) break;
      at = next + length;
      count++;
    }
    this.#answer.resources += count;
    return at;
  }

  #endNumber(): void {
    const value = this.#value;
    this.#value = 0;
    this.#shift = 0;
    if (this.#state === TAG) {
      this.#field = value >>> 3;
      if ((value & 7) === 2) this.#state = LENGTH;
      else if ((value & 7) === 0) this.#state = VARINT;
      else throw new Error(`wire type ${value & 7} at the top of an answer`);
    } else if (this.#state === VARINT) this.#state = TAG;
    else this.#startField(value);
  }

  #startField(length: number): void {
    const field = this.#field;
    if (field === 2) this.#answer.resources++;
    else if (field === 6 && this.#delta) this.#answer.removed++;
    if (field === 1 || field === 4 || field === 5) {
      this.#state = TEXT;
      this.#length = length;
      this.#textAt = 0;
      this.#text = undefined;
      if (length === 0) this.#endText('');
    } else {
      this.#skip = length;
      this.#state = length === 0 ? TAG : SKIP;
    }
  }

  #endText(text: string): void {
    if (this.#field === 1) this.#answer.version = text;
    else if (this.#field === 4) this.#answer.typeUrl = text;
    else this.#answer.nonce = text;
    this.#state = TAG;
  }

  #finish(): void {
    if (this.#state !== TAG) throw new Error('an answer ends in the middle of a field');
    const answer = this.#answer;
    this.#answer = empty();
    this.#prefix = 5;
    this.#state = NOTHING;
    this.#onAnswer(answer);
  }
}

/** Texts that came last. Every proxy is sent the same: they are recognised without being decoded again. */
const texts: { readonly bytes: Uint8Array; readonly text: string }[] = [];
let oldest = 0;

function known(bytes: Uint8Array, at: number, end: number): string {
  for (const { bytes: before, text } of texts) if (isSame(before, bytes, at, end)) return text;
  const copy = Buffer.from(bytes.subarray(at, end));
  const text = copy.toString();
  texts[oldest] = { bytes: copy, text };
  oldest = (oldest + 1) % 8;
  return text;
}

function isSame(before: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  if (before.length !== end - at) return false;
  for (let i = 0; i < before.length; i++) if (before[i] !== bytes[at + i]) return false;
  return true;
}

function empty(): Answer {
  return { typeUrl: '', nonce: '', version: '', resources: 0, removed: 0 };
}
