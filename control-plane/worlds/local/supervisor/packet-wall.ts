import {
  type FilterPorts,
  type FilterState,
  filterText,
  parseFilterState,
  portsText,
} from '../../../shadow/isolation/packet-filter.ts';
import type { NamespaceLauncher } from './namespace-launcher.ts';

const CHANGE = ['nft', '-f', '-'];
const READ = ['nft', '-j', 'list', 'table', 'inet', 'umbra'];

/** The packet filter around the shadow's network namespace. Without it nothing leaves the namespace either, but uncounted. */
export class PacketWall {
  readonly #inside: Pick<NamespaceLauncher, 'run'>;
  readonly #ports: () => FilterPorts;
  readonly #note: (text: string) => void;
  #counts: true | string = 'the packet filter is not loaded yet';
  #loaded = false;
  #last: Promise<void> = Promise.resolve();

  /** `note` is told what an operator should know. */
  constructor(inside: Pick<NamespaceLauncher, 'run'>, ports: () => FilterPorts, note: (text: string) => void) {
    this.#inside = inside;
    this.#ports = ports;
    this.#note = note;
  }

  /** It counts what tries to leave; or why it does not. */
  get counts(): true | string {
    return this.#counts;
  }

  /** Puts the rules and the routes to them in place. Never rejects. */
  async load(): Promise<void> {
    try {
      await this.change(filterText(this.#ports()));
      this.#loaded = true;
      // Only now: without the rules a route would deny nothing and count nothing.
      await this.#inside.run(['ip', 'route', 'add', 'default', 'dev', 'lo', 'src', '127.0.0.1']);
      // A kernel may have no IPv6.
      await this.#inside.run(['ip', '-6', 'route', 'add', 'default', 'dev', 'lo']).catch(() => {});
      this.#counts = true;
    } catch (e) {
      this.#counts = `no packet filter: ${(e as Error).message}`;
      this.#note(`attempts to leave the shadow's network are denied but not counted: ${(e as Error).message}`);
    }
  }

  /** Takes the ports of now over, one call after the other: an older list must not come last. Never rejects. */
  follow(): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (!this.#loaded) return;
      try {
        await this.change(portsText(this.#ports()));
      } catch (e) {
        this.#note(`the shadow's packet filter does not know of new ports: ${(e as Error).message}`);
      }
    });
    return this.#last;
  }

  /** Changes the rules by nft's own language. @throws with what nft said */
  change(text: string): Promise<string> {
    return this.#inside.run(CHANGE, text);
  }

  /** @throws with what nft said */
  async read(): Promise<FilterState> {
    return parseFilterState(await this.#inside.run(READ));
  }
}
