import { setTimeout as sleep } from 'node:timers/promises';
import { type Affliction, holdTime } from './affliction.ts';

/** Where a request stands after what is wrong with the replica had its way. */
export type Fate = 'work' | 'fail';

/** Ends the process, after `dyingMs` in which it does nothing at all. */
export type Die = (how: 'crash' | 'out of memory', dyingMs: number) => void;

const LEAK_STEP_MS = 100;

/** Afflictions in force in one replica, and what they do to it. Without any it costs a request nothing. */
export class Ailment {
  #set = new Map<object, { affliction: Affliction; end: () => void }>();
  #now: Affliction = {};
  #stalledUntil = 0;
  #requests = 0;
  #leaked: Buffer[] = [];
  #leakedMb = 0;
  #lock: Promise<void> = Promise.resolve();
  #lockWaiting = 0;
  readonly #die: Die;
  readonly #clock: () => number;

  /** `die` ends the process; tests pass their own. */
  constructor(die: Die = dieForReal, clock: () => number = () => performance.now()) {
    this.#die = die;
    this.#clock = clock;
  }

  /** Puts an affliction in force; the answer takes it back, with what it left behind. */
  add(affliction: Affliction): () => void {
    const key = {};
    const stops: (() => void)[] = [];
    if (affliction.stallMs) this.#stalledUntil = Math.max(this.#stalledUntil, this.#clock() + affliction.stallMs);
    if (affliction.burn) stops.push(burn(affliction.burn));
    if (affliction.leak) stops.push(this.#leak(affliction.leak));
    this.#set.set(key, { affliction, end: () => stops.forEach((stop) => void stop()) });
    this.#compose();
    return () => {
      this.#set.get(key)?.end();
      this.#set.delete(key);
      this.#compose();
    };
  }

  get current(): Affliction {
    return this.#now;
  }

  /** True where the request is never to be answered. */
  takes(): boolean {
    this.#requests++;
    const { crash, hang } = this.#now;
    if (crash && this.#requests >= crash.afterRequests) this.#die('crash', crash.dyingMs);
    return hang === true;
  }

  /** Waits as long as the replica is held up, then says whether the request is worked on. `waiting`: others in its queue. */
  async befall(waiting: number): Promise<Fate> {
    const now = this.#now;
    const stall = this.#stalledUntil - this.#clock();
    if (stall > 0) await sleep(stall);
    if (now.contention) await this.#contend(now.contention, waiting);
    const delay = (now.delayMs ?? 0) + (now.leak ? now.leak.msPerMb * this.#leakedMb : 0);
    if (delay > 0) await sleep(delay);
    return now.errorShare !== undefined && Math.random() < now.errorShare ? 'fail' : 'work';
  }

  /** Ends everything in force. */
  clear(): void {
    for (const { end } of this.#set.values()) end();
    this.#set.clear();
    this.#compose();
  }

  #compose(): void {
    this.#now = Object.assign({}, ...[...this.#set.values()].map((entry) => entry.affliction)) as Affliction;
    if (!this.#now.stallMs) this.#stalledUntil = 0;
    if (!this.#now.crash) this.#requests = 0;
    if (!this.#now.leak) {
      this.#leaked = [];
      this.#leakedMb = 0;
    }
  }

  async #contend(contention: NonNullable<Affliction['contention']>, waiting: number): Promise<void> {
    this.#lockWaiting++;
    const turn = this.#lock.then(() => sleep(holdTime(contention, waiting + this.#lockWaiting - 1)));
    this.#lock = turn;
    await turn;
    this.#lockWaiting--;
  }

  #leak(leak: NonNullable<Affliction['leak']>): () => void {
    const step = Math.max(1, Math.round((leak.mbPerSecond * LEAK_STEP_MS * 1024 * 1024) / 1000));
    const timer = setInterval(() => {
      // Filled, because memory that was never written is not resident.
      this.#leaked.push(Buffer.alloc(step, 1));
      this.#leakedMb += step / 1024 / 1024;
      if (process.memoryUsage.rss() > leak.limitMb * 1024 * 1024) this.#die('out of memory', 0);
    }, LEAK_STEP_MS);
    return () => clearInterval(timer);
  }
}

function burn({ busyMs, freeMs }: NonNullable<Affliction['burn']>): () => void {
  let timer = setTimeout(function spin() {
    const end = performance.now() + busyMs;
    while (performance.now() < end);
    timer = setTimeout(spin, freeMs);
  }, freeMs);
  return () => clearTimeout(timer);
}

/** As a crash or the kernel's out-of-memory killer would: with nothing put in order. */
const dieForReal: Die = (how, dyingMs) => {
  // Blocks the thread without burning the processor: health checks and control socket are dead as well.
  if (dyingMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, dyingMs);
  if (how === 'crash') process.exit(70);
  process.kill(process.pid, 'SIGKILL');
};
