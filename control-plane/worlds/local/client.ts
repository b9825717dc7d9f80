import { connect, type Socket } from 'node:net';
import type { EventName, Events, RequestName, Requests } from './protocol.ts';
import { readLines } from './rpc.ts';

type Listener<E extends EventName> = (data: Events[E]) => void;
interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The control plane's end of the supervisor's protocol. Connects again by itself when the socket closes (the supervisor is
 * never gone for long: without it this process ends as well); requests that were on the way are rejected, not repeated.
 */
export class SupervisorClient {
  readonly #path: string;
  readonly #listeners = new Map<EventName, Set<Listener<never>>>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #onReconnect = new Set<() => void>();
  #socket: Socket | undefined;
  #nextId = 1;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Connects; rejects where nothing listens on `path`. */
  static async connect(path: string): Promise<SupervisorClient> {
    const client = new SupervisorClient(path);
    await client.#open();
    return client;
  }

  /** Sends one request. Rejects with the supervisor's words, or when the connection is lost before the answer. */
  call<M extends RequestName>(method: M, params: Requests[M]['params']): Promise<Requests[M]['result']> {
    const socket = this.#socket;
    if (!socket) return Promise.reject(new Error('the supervisor is not connected'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  on<E extends EventName>(event: E, listener: Listener<E>): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener as Listener<never>);
    return () => set.delete(listener as Listener<never>);
  }

  /** Told each time a lost connection is there again: what was asked before must be asked anew. */
  onReconnect(listener: () => void): void {
    this.#onReconnect.add(listener);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#path);
      socket.once('error', reject);
      socket.once('connect', () => {
        this.#socket = socket;
        resolve();
      });
      socket.on('error', () => {});
      socket.on('close', () => this.#lost(socket));
      readLines(socket, (line) => this.#receive(line));
    });
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error('the connection to the supervisor was lost'));
    this.#waiting.clear();
    this.#reopen();
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#open().then(
        () => {
          for (const listener of this.#onReconnect) listener();
        },
        () => this.#reopen(),
      );
    }, 250);
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as {
      id?: number;
      result?: never;
      error?: { message: string };
      event?: EventName;
      data?: never;
    };
    if (message.event !== undefined) {
      for (const listener of this.#listeners.get(message.event) ?? []) listener(message.data as never);
      return;
    }
    const waiting = this.#waiting.get(message.id ?? -1);
    if (!waiting) return;
    this.#waiting.delete(message.id!);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result as never);
  }
}
