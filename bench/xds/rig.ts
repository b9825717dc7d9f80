import type { ConnectionOptions } from 'node:tls';
import { typeUrls } from '../../control-plane/xds/type-urls.ts';
import { residentBytes, settledCpuMs } from '../lib/process.ts';
import type { Case, Step } from './cases.ts';
import { CLUSTERS } from './cases.ts';
import { digest } from './client/contents.ts';
import type { Expectation, StepResult } from './client/fleet.ts';
import { monotonicMs } from './client/fleet.ts';
import { FleetProcess } from './fleet-process.ts';
import { HostileProcess } from './hostile/process.ts';
import { clusterName, ResourceBook } from './resources.ts';
import type { Contender } from './servers.ts';
import { commandOf, ServerProcess } from './servers.ts';

/** What one step took. Times run from the command to the server (or the first connection) to the proxy's acknowledgement. */
export interface Sample {
  readonly lastMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  /** From the server to all proxies, and from them to it. */
  readonly downBytes: number;
  readonly upBytes: number;
}

export interface Certificates {
  /** Folder with ca.pem, server.pem and server.key. */
  readonly folder: string;
  readonly client: ConnectionOptions;
}

/** One server and the proxies on it, each a process of its own. */
export class Rig {
  readonly #server: ServerProcess;
  readonly #fleet = new FleetProcess();
  #hostile: HostileProcess | undefined;
  #port = 0;
  readonly #case: Case;
  readonly #book: ResourceBook;
  readonly #certificates: Certificates | undefined;
  /** The type whose resources tell that a step is over. */
  readonly #typeUrl: string;

  constructor(contender: Contender, c: Case, peers: string, certificates: Certificates | undefined) {
    this.#server = new ServerProcess(commandOf(contender, peers, c.tls ? certificates!.folder : undefined));
    this.#case = c;
    this.#certificates = certificates;
    this.#book = new ResourceBook(CLUSTERS, c.layout);
    this.#typeUrl = c.layout === 'named' ? typeUrls.EDS : typeUrls.CDS;
  }

  /** Gives the server its resources and an address; nobody is connected yet. */
  async start(): Promise<void> {
    const { protocol, layout, tls } = this.#case;
    await this.#server.tell({ op: 'put', resources: this.#book.all() });
    const { port } = (await this.#server.tell({ op: 'listen' })) as { port: number };
    this.#port = port;
    const client = tls ? this.#certificates!.client : undefined;
    await this.#fleet.order({ do: 'open', port, protocol, layout, tls: client });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(), this.#fleet.stop(), this.#hostile?.end()]);
  }

  /** Everybody, or so many, connect for the first time. */
  connect(count = this.#case.streams): Promise<Sample> {
    const names = Array.from({ length: this.#book.clusters }, (_, i) => clusterName(i));
    return this.#connect('reconnect', names, count);
  }

  take(step: Step): Promise<Sample> {
    return step === 'change' || step === 'add' ? this.#update(step) : this.#reconnect(step);
  }

  /** Bad clients beside the others, in a process of their own. Resolves when each has done its worst once; they go on. */
  async besiege(count: number): Promise<void> {
    this.#hostile ??= new HostileProcess();
    await this.#hostile.start(this.#case.hostility!, count, this.#port);
  }

  /** The bad clients go, and the server has done with them; gives how often they did their worst. */
  async relieve(): Promise<number> {
    const turns = await this.#hostile!.stop();
    await settledCpuMs(this.#server.pid);
    return turns;
  }

  /** Memory the server holds, with everything collected that can be, bytes. */
  async memory(): Promise<number> {
    await settledCpuMs(this.#server.pid);
    await this.#server.tell({ op: 'gc' });
    return residentBytes(this.#server.pid);
  }

  /** Who is fast because it sends less than it should is no contender: rejects where the first proxy lacks something. */
  async verify(): Promise<void> {
    for (const typeUrl of this.#case.layout === 'named' ? [typeUrls.CDS, typeUrls.EDS] : [typeUrls.CDS]) {
      const report = await this.#fleet.order({ do: 'digest', typeUrl });
      if (report.said !== 'digest') throw new Error('the simulated proxies do not answer');
      if (report.digest !== digest(typeUrl, this.#book.of(typeUrl)))
        throw new Error(`the first proxy does not have what was set (${typeUrl})`);
    }
  }

  /** Changes one endpoint and waits until everybody has it; ms to the last acknowledgement. */
  async change(): Promise<number> {
    const resources = this.#book.change();
    const { over } = await this.#fleet.begin({ do: 'expect', expect: this.#expect('change') });
    const startedAt = monotonicMs();
    const [{ at }] = await Promise.all([over, this.#server.tell({ op: 'put', resources })]);
    return at.at(-1)! - startedAt;
  }

  /** All there is (state of the world: always, for clusters), or the one that changed. */
  #expect(step: Step): Expectation {
    const whole = step === 'reconnect' || (this.#case.protocol === 'sotw' && this.#case.layout === 'wildcard');
    return { typeUrl: this.#typeUrl, resources: whole ? this.#book.clusters : 1 };
  }

  async #update(step: 'change' | 'add'): Promise<Sample> {
    const resources = step === 'change' ? this.#book.change() : this.#book.add();
    const names = step === 'add' && this.#case.layout === 'named' ? [clusterName(this.#book.clusters - 1)] : [];
    const cpu = await settledCpuMs(this.#server.pid);
    const { over } = await this.#fleet.begin({ do: 'expect', expect: { ...this.#expect(step), names } });
    const startedAt = monotonicMs();
    const [result] = await Promise.all([over, this.#server.tell({ op: 'put', resources })]);
    return this.#sample(startedAt, result, cpu);
  }

  async #reconnect(step: Step): Promise<Sample> {
    await this.#fleet.order({ do: 'disconnect' });
    // A resumed client lacks nothing, and nothing would come: while it was away, something changed.
    if (step === 'resume') await this.#server.tell({ op: 'put', resources: this.#book.change() });
    return this.#connect(step, []);
  }

  async #connect(step: Step, names: readonly string[], count = this.#case.streams): Promise<Sample> {
    const cpu = await settledCpuMs(this.#server.pid);
    const { startedAt, over } = await this.#fleet.begin({
      do: 'connect',
      count,
      resume: step === 'resume',
      expect: { ...this.#expect(step), names },
    });
    return this.#sample(startedAt!, await over, cpu);
  }

  async #sample(startedAt: number, result: StepResult, cpuBefore: number): Promise<Sample> {
    const took = result.at.map((at) => at - startedAt).sort((a, b) => a - b);
    const quantile = (q: number) => took[Math.ceil(q * took.length) - 1]!;
    return {
      lastMs: took.at(-1)!,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      cpuMs: (await settledCpuMs(this.#server.pid)) - cpuBefore,
      downBytes: result.received,
      upBytes: result.sent,
    };
  }
}
