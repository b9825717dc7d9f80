import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Resource } from '../../../control-plane/xds/index.ts';
import type { Order, Report } from './plane.ts';

export type Done = Extract<Report, { kind: 'done' }>;

/** The killable management server, from outside. */
export class PlaneProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (done: Done) => void; reject: (error: Error) => void }>();
  readonly #onTrouble: (detail: string) => void;
  #orders = 0;
  #ready!: () => void;
  #killed = false;

  private constructor(child: ChildProcess, onTrouble: (detail: string) => void) {
    this.#child = child;
    this.#onTrouble = onTrouble;
    child.on('message', (r: Report) => this.#onReport(r));
    child.on('exit', (code, signal) => {
      const error = new Error(`the control plane ended: ${code ?? signal}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      if (!this.#killed) onTrouble(error.message);
    });
  }

  /** Resolves when it listens. `onTrouble` is told of refusals, audit events, errors and an unexpected end. */
  static async start(address: string, onTrouble: (detail: string) => void): Promise<PlaneProcess> {
    const child = fork(new URL('plane.ts', import.meta.url), [address], { serialization: 'advanced' });
    const plane = new PlaneProcess(child, onTrouble);
    await new Promise<void>((resolve, reject) => {
      plane.#ready = resolve;
      child.once('exit', () => reject(new Error('the control plane did not start')));
    });
    return plane;
  }

  /** Serves these from now on. `wait`: resolves when the proxy has acknowledged them. Rejects when the plane ends first. */
  set(resources: readonly Resource[], wait: boolean): Promise<Done> {
    const order: Order = { id: ++this.#orders, resources, wait };
    return new Promise((resolve, reject) => {
      this.#waiting.set(order.id, { resolve, reject });
      this.#child.send(order);
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#killed = true;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #onReport(r: Report): void {
    if (r.kind === 'ready') this.#ready();
    else if (r.kind === 'trouble') this.#onTrouble(r.detail);
    else {
      this.#waiting.get(r.id)?.resolve(r);
      this.#waiting.delete(r.id);
    }
  }
}
