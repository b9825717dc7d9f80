import type { Documents } from '../../../api/kinds/parse.ts';
import { UmbraError } from '../../../mesh/errors.ts';
import { assertFollowable, restartsControlPlane } from './document-changes.ts';

/** A world that is as the documents say. */
export interface FollowingWorld {
  /** Takes changed documents as its own: what is asked for is by them at once. */
  adopt(documents: Documents): void;
  /** Resolves when everything is as the documents adopted say. */
  follow(): Promise<void>;
}

/** The run whose documents are followed. */
export interface FollowingRun {
  /** Reads the file. @throws UmbraError UMB0101, UMB0102 */
  read(): Documents;
  /** Production first: the shadow is a share of it. */
  worlds(): readonly FollowingWorld[];
  /** Ends the control plane, does `adopt` while it is down, and starts it again; resolves when it is ready. */
  restartControlPlane(adopt: () => void): Promise<void>;
  /** Everything is as these documents say. */
  onFollowed(documents: Documents): void;
  say(line: string): void;
  /** Problems are no news any more. */
  stopped(): boolean;
}

/** Holds the documents a run is by, and makes it follow them when the file changes. */
export class DocumentFollower {
  readonly #run: FollowingRun;
  #documents: Documents;
  readonly #started = Promise.withResolvers<void>();
  /** Changed documents are followed one after the other, the first once everything has started. */
  #following = this.#started.promise;

  /** Reads the documents to start with. @throws UmbraError UMB0101, UMB0102 */
  constructor(run: FollowingRun) {
    this.#run = run;
    this.#documents = run.read();
  }

  get documents(): Documents {
    return this.#documents;
  }

  /** Everything has started: what was read meanwhile is followed now. */
  start(): void {
    this.#started.resolve();
  }

  /**
   * Reads the file again. One with a problem, or with what a run cannot follow, changes nothing and is said. Resolves when all
   * is done.
   */
  async reload(): Promise<void> {
    try {
      await this.#follow(this.#run.read());
    } catch (e) {
      this.#sayUnlessStopped(e);
    }
  }

  #follow(documents: Documents): Promise<void> {
    const next = this.#following.then(async () => {
      assertFollowable(this.#documents, documents);
      const worlds = this.#run.worlds();
      const adopt = () => {
        this.#documents = documents;
        for (const world of worlds) world.adopt(documents);
      };
      if (restartsControlPlane(this.#documents, documents)) await this.#restartControlPlane(adopt);
      else adopt();
      await Promise.all(worlds.map((world) => world.follow()));
      this.#run.onFollowed(documents);
    });
    this.#following = next.catch(() => {});
    return next;
  }

  /**
   * What the control plane reads once it reads anew. The old one must not see the new counts, which it would bound by its own
   * documents; what is scaled down waits for the new one, which tells callers of an endpoint's end.
   */
  async #restartControlPlane(adopt: () => void): Promise<void> {
    this.#run.say('starting the control plane again, to follow the document');
    try {
      await this.#run.restartControlPlane(adopt);
    } catch (e) {
      // It is tried on; replicas follow without it.
      this.#sayUnlessStopped(e);
    }
  }

  #sayUnlessStopped(e: unknown): void {
    if (!this.#run.stopped()) this.#run.say(e instanceof UmbraError ? e.toText() : String(e));
  }
}
