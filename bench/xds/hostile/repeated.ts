export interface Closable {
  close(): void;
}

/** Between the end of a turn and the next, ms: ten times a second is a client that has lost all reason. */
const PAUSE_MS = 100;

/** Something that is opened, ended and opened again until it is closed. */
export class Repeated implements Closable {
  readonly #open: (over: () => void) => Closable;
  readonly #onDone: () => void;
  #current: Closable | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  /** `open` begins a turn and is given what to call when it is over; `onDone` is called after each. */
  constructor(open: (over: () => void) => Closable, onDone: () => void) {
    this.#open = open;
    this.#onDone = onDone;
    this.#turn();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#current?.close();
  }

  #turn(): void {
    let ended = false;
    const current = this.#open(() => {
      if (ended || this.#closed) return;
      ended = true;
      current.close();
      this.#onDone();
      this.#pause = setTimeout(() => this.#turn(), PAUSE_MS);
    });
    this.#current = current;
  }
}
