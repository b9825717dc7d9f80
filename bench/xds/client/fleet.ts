import { typeUrls } from '../../../control-plane/xds/type-urls.ts';
import { Contents } from './contents.ts';
import type { Answer } from './message.ts';
import type { Target } from './proxy.ts';
import { SimulatedProxy } from './proxy.ts';
import { firstRequest, Requests } from './requests.ts';

/** `wildcard`: clusters with their endpoints inside. `named`: as an Envoy does, clusters, then their endpoints by name. */
export type Layout = 'wildcard' | 'named';

/** What every proxy must have received and acknowledged for a step to be over. */
export interface Expectation {
  readonly typeUrl: string;
  /** Entries of `resources`, in one answer or several. */
  readonly resources: number;
  /** Names that are asked for from this step on (named layout), once the clusters have come. */
  readonly names?: readonly string[];
}

export interface StepResult {
  /** When each proxy had written its last acknowledgement, ns of the monotonic clock, in milliseconds. */
  readonly at: readonly number[];
  readonly received: number;
  readonly sent: number;
}

interface Member {
  proxy: SimulatedProxy;
  /** Entries of the expected type since the step began. */
  resources: number;
  done: boolean;
  asked: number;
  last: Map<string, Answer>;
}

/** A monotonic clock all processes of the machine share, ms. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Many simulated proxies on one server, taken together through one step at a time. */
export class Fleet {
  readonly #target: Target;
  readonly #layout: Layout;
  readonly #requests: Requests;
  readonly #members: Member[] = [];
  /** The first proxy looks inside what it gets. */
  readonly #contents: Contents;
  #names: string[] = [];
  #expectation: Expectation | undefined;
  #at: number[] = [];
  #open = 0;
  #finish: ((result: StepResult) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #bytes = { received: 0, sent: 0 };

  constructor(target: Target, layout: Layout) {
    this.#target = target;
    this.#layout = layout;
    this.#requests = new Requests(target.protocol);
    this.#contents = new Contents(target.protocol);
  }

  /** Begins a step. Resolves when every proxy did what is expected; rejects when one is lost. */
  expect(expectation: Expectation): Promise<StepResult> {
    this.#expectation = expectation;
    if (expectation.names) this.#names = [...this.#names, ...expectation.names];
    this.#at = [];
    this.#open = this.#members.length;
    this.#bytes = this.#sum();
    for (const member of this.#members) {
      member.resources = 0;
      member.done = false;
    }
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  /** Connects `count` proxies at once. With `resume` they tell what they kept, as after a lost connection. */
  connect(count: number, resume = false): void {
    const known = resume ? this.#contents.versions(typeUrls.CDS) : {};
    this.#open = count;
    this.#bytes = { received: 0, sent: 0 };
    for (let i = 0; i < count; i++) this.#members.push(this.#member(i, known));
  }

  disconnect(): void {
    for (const { proxy } of this.#members) proxy.close();
    this.#members.length = 0;
  }

  digest(typeUrl: string): string {
    return this.#contents.digest(typeUrl);
  }

  close(): void {
    this.#finish = undefined;
    this.#fail = undefined;
    this.disconnect();
  }

  #member(index: number, known: Readonly<Record<string, string>>): Member {
    const first = firstRequest(this.#target.protocol, `proxy/${index}`, typeUrls.CDS, known);
    const member: Member = { proxy: undefined!, resources: 0, done: false, asked: 0, last: new Map() };
    const looks = index === 0;
    member.proxy = new SimulatedProxy(this.#target, first, {
      onAnswer: (answer) => {
        if (looks) this.#contents.apply();
        this.#onAnswer(member, answer);
      },
      onLost: (why) => this.#fail?.(new Error(`proxy ${index}: ${why}`)),
      ...(looks ? { onBytes: (bytes: Uint8Array) => this.#contents.take(bytes) } : {}),
    });
    return member;
  }

  #onAnswer(member: Member, answer: Answer): void {
    const named = this.#layout === 'named' && answer.typeUrl === typeUrls.EDS;
    member.proxy.send(this.#requests.ack(answer, named ? this.#names.slice(0, member.asked) : []));
    member.last.set(answer.typeUrl, answer);
    if (this.#layout === 'named' && answer.typeUrl === typeUrls.CDS) this.#askForEndpoints(member);
    const expected = this.#expectation;
    if (answer.typeUrl !== expected?.typeUrl || member.done) return;
    member.resources += answer.resources;
    if (member.resources < expected.resources) return;
    member.done = true;
    this.#at.push(monotonicMs());
    if (--this.#open === 0) this.#end();
  }

  /** Clusters have come: their endpoints are wanted. */
  #askForEndpoints(member: Member): void {
    if (member.asked === this.#names.length) return;
    const names = this.#target.protocol === 'delta' ? this.#names.slice(member.asked) : this.#names;
    member.proxy.send(this.#requests.subscribe(typeUrls.EDS, names, member.last.get(typeUrls.EDS)));
    member.asked = this.#names.length;
  }

  #end(): void {
    const { received, sent } = this.#sum();
    this.#finish?.({ at: this.#at, received: received - this.#bytes.received, sent: sent - this.#bytes.sent });
    this.#finish = undefined;
  }

  #sum() {
    let received = 0;
    let sent = 0;
    for (const { proxy } of this.#members) {
      received += proxy.received;
      sent += proxy.sent;
    }
    return { received, sent };
  }
}
