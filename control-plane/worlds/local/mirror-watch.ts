import type { Clock } from '../../mesh/clock.ts';
import type { Collector } from '../../telemetry/collector.ts';

const HEARTBEAT = 'umbra_mirror_heartbeat';
const LOOK_EVERY_MS = 2000;
/** The filter beats once a second while requests pass; proxies push once a second. */
const SILENT_MS = 15_000;
const HOUR_MS = 3_600_000;
const MOST_AN_HOUR = 3;

export interface MirrorWatchOptions {
  readonly clock: Clock;
  readonly collector: Pick<Collector, 'filterStat' | 'heardAt' | 'totals'>;
  readonly node: string;
  /** Pushes the filter's configuration with a new generation, which revives one that has failed. */
  readonly revive: () => void;
  /** What to tell the operator; undefined = nothing any more. */
  readonly onNote: (note: string | undefined) => void;
}

/**
 * A mirror filter that traps is passed by from then on and counts nothing (`fail_open`): only its heartbeat says that it lives.
 * When that stops while its proxy goes on reporting requests, it is revived, at most three times an hour.
 */
export class MirrorWatch {
  readonly #options: MirrorWatchOptions;
  readonly #end = new AbortController();
  readonly #revivals: number[] = [];
  #beat: number | undefined;
  #offered = 0;
  #beatAt: number;
  #ill = false;

  constructor(options: MirrorWatchOptions) {
    this.#options = options;
    this.#beatAt = options.clock.now();
    void this.#run();
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

  /** One look at the heartbeat. */
  look(): void {
    const { clock, collector, node, revive, onNote } = this.#options;
    const now = clock.now();
    const beat = collector.filterStat(node, HEARTBEAT);
    const heard = collector.heardAt(node);
    // A proxy that does not report says nothing about its filter.
    if (heard === undefined || now - heard > LOOK_EVERY_MS * 2) {
      this.#beatAt = now;
      return;
    }
    const { offered } = collector.totals();
    // Without traffic there is no beat to miss.
    if (offered === this.#offered) this.#beatAt = Math.max(this.#beatAt, now - LOOK_EVERY_MS);
    this.#offered = offered;
    if (beat !== this.#beat) {
      this.#beat = beat;
      this.#beatAt = now;
      if (this.#ill) onNote(undefined);
      this.#ill = false;
      return;
    }
    if (now - this.#beatAt < SILENT_MS) return;
    while (this.#revivals.length > 0 && now - this.#revivals[0]! > HOUR_MS) this.#revivals.shift();
    this.#ill = true;
    if (this.#revivals.length >= MOST_AN_HOUR) {
      onNote('the mirror filter has failed and was revived three times in an hour: nothing is copied to the shadow');
      return;
    }
    // Each revival waits longer than the one before.
    this.#beatAt = now + SILENT_MS * this.#revivals.length;
    this.#revivals.push(now);
    onNote('the mirror filter has stopped; its configuration was pushed again');
    revive();
  }

  close(): void {
    this.#end.abort();
  }
}
