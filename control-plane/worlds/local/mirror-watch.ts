import type { Clock } from '../../mesh/clock.ts';
import type { Collector } from '../../telemetry/collector.ts';

const HEARTBEAT = 'umbra_mirror_heartbeat';
const LOOK_EVERY_MS = 250;
/** The filter beats once a second from its first request on, and its proxy reports as often. */
const SILENT_REPORTS = 3;
/** A proxy that has just been started may pass requests before it is given its filters. */
const STARTING_MS = 15_000;
/** What a revived filter is given to show that it lives; for each revival of the hour. */
const REST_MS = 5000;
const HOUR_MS = 3_600_000;
const MOST_AN_HOUR = 3;
/** Requests the filter was handed, on average: that it was handed none has the probability e^-20 (Poisson). */
const SURELY_HANDED = 20;

export interface MirrorWatchOptions {
  readonly clock: Clock;
  readonly collector: Pick<Collector, 'filterStat' | 'heardAt' | 'totals'>;
  readonly node: string;
  /** The share of requests, 0..1, that Envoy hands to the filter. */
  readonly share: () => number;
  /** Pushes the filter's configuration with a new generation, which revives one that has failed. */
  readonly revive: () => void;
  /** What to tell the operator; undefined = nothing any more. */
  readonly onNote: (note: string | undefined) => void;
}

/**
 * A mirror filter that traps is passed by from then on and counts nothing (`fail_open`): only its heartbeat says that it lives.
 * When that is missing from three reports of its proxy in a row although requests have passed since the last one, it is revived:
 * within five seconds of the trap, at most three times an hour. What counts is what the proxy reports, not the time that passes:
 * a proxy that gets no CPU neither beats nor reports requests. A filter that is handed a share of the requests only owes a beat
 * once it has beaten before, or so many have passed that it must have been handed one.
 */
export class MirrorWatch {
  readonly #options: MirrorWatchOptions;
  readonly #end = new AbortController();
  readonly #revivals: number[] = [];
  readonly #began: number;
  #beat: number | undefined;
  #offered = 0;
  /** Requests handed to the filter since its last beat, on average; many where one was for certain. */
  #handed = 0;
  #heard: number | undefined;
  /** Whether the filter that is loaded has beaten: it goes on doing so, with requests and without. */
  #beats = false;
  /** Reports without a beat since requests passed. */
  #silent = 0;
  /** A filter that was just revived is not judged before then. */
  #restUntil = 0;
  #ill = false;
  #note: string | undefined;

  constructor(options: MirrorWatchOptions) {
    this.#options = options;
    this.#began = options.clock.now();
    void this.#run();
  }

  /** Whether the filter was last seen alive; false before its first beat. */
  get alive(): boolean {
    return this.#beat !== undefined && !this.#ill;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      try {
        await clock.sleep(LOOK_EVERY_MS, this.#end.signal);
      } catch {
        return;
      }
      this.look();
    }
  }

  /** One look at what the proxy last reported. */
  look(): void {
    const { clock, collector, node } = this.#options;
    const heard = collector.heardAt(node);
    if (heard === undefined || heard === this.#heard) return;
    this.#heard = heard;
    const beat = collector.filterStat(node, HEARTBEAT);
    const { offered } = collector.totals();
    const passed = offered - this.#offered;
    this.#offered = offered;
    if (beat !== this.#beat) {
      // Not the first that is heard of it, and not the lower one of a proxy that was started anew.
      this.#beats = this.#beat !== undefined && beat !== undefined && beat > this.#beat;
      this.#beat = beat;
      this.#handed = 0;
      this.#silent = 0;
      this.#ill = false;
      this.#tell(undefined);
      return;
    }
    if (!this.#owed(passed)) return;
    const now = clock.now();
    if (beat === undefined && now - this.#began < STARTING_MS) return;
    if (++this.#silent < SILENT_REPORTS || now < this.#restUntil) return;
    this.#fail(now);
  }

  /**
   * Whether there has to be a beat. Without a request since the last one there need not: the filter may have been loaded anew and
   * have seen none yet.
   */
  #owed(passed: number): boolean {
    const share = this.#options.share();
    this.#handed += share === 1 && passed > 0 ? SURELY_HANDED : passed * share;
    return this.#handed >= SURELY_HANDED || (share < 1 && this.#beats);
  }

  #fail(now: number): void {
    while (this.#revivals.length > 0 && now - this.#revivals[0]! > HOUR_MS) this.#revivals.shift();
    this.#ill = true;
    if (this.#revivals.length >= MOST_AN_HOUR) {
      this.#tell(
        'the mirror filter has failed and was revived three times in an hour: nothing is copied to the shadow',
      );
      return;
    }
    this.#revivals.push(now);
    this.#silent = 0;
    this.#beats = false;
    this.#handed = 0;
    this.#restUntil = now + REST_MS * this.#revivals.length;
    this.#tell('the mirror filter has stopped; its configuration was pushed again');
    this.#options.revive();
  }

  #tell(note: string | undefined): void {
    if (note === this.#note) return;
    this.#note = note;
    this.#options.onNote(note);
  }

  close(): void {
    this.#end.abort();
  }
}
