import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Documents } from '../../../api/kinds/parse.ts';
import type { Endpoint } from '../../../envoy/node.ts';
import type { Clock } from '../../../mesh/clock.ts';
import type { ServiceId } from '../../../mesh/topology.ts';
import { type Relay, startRelay } from '../../../shadow/externals/relay.ts';
import type { MockFault, MockOrder, MockState } from '../../../shadow/mock/orders.ts';
import type { RecordedAnswer } from '../../../shadow/mock/recorded-answer.ts';
import { type ExternalMode, externalModes, hasMock, mockedExternals } from '../external-modes.ts';
import type { Launcher } from './command.ts';
import { KeptProcess } from './kept-process.ts';
import type { PortAllocator } from './ports.ts';

interface External {
  readonly name: ServiceId;
  readonly mode: ExternalMode;
  /** Outside the shadow: its sandbox, or the real one for reading. */
  readonly url: string;
  port: number;
  process?: KeptProcess;
  relay?: Relay;
  faults: MockFault[];
}

export interface ShadowExternalsOptions {
  readonly documents: Documents;
  /** `<run>/shadow`. */
  readonly folder: string;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: PortAllocator;
}

const GRACE_MS = 500;

/** The part of them that a fault breaks. */
export type Mocks = Pick<ShadowExternals, 'breakMock' | 'mendMock' | 'mockFaults'>;

/**
 * What stands in the shadow for what is outside of it. `mock`: a process in the shadow that answers from recorded samples.
 * `sandbox`: its own copy, reached over a relay on a Unix socket (the shadow has no network). `read-only`: safe methods over the
 * relay, which refuses all others; those the mock answers. `deny`: nothing listens; attempts are refused and counted.
 */
export class ShadowExternals {
  readonly #options: ShadowExternalsOptions;
  readonly #all = new Map<ServiceId, External>();

  constructor(options: ShadowExternalsOptions) {
    this.#options = options;
    const { application, shadow } = options.documents;
    for (const [name, mode] of externalModes(options.documents)) {
      const url = shadow?.spec.externals?.[name]?.url ?? application.spec.externals![name]!.url;
      this.#all.set(name, { name, mode, url, port: 0, faults: [] });
    }
  }

  /** Externals answered by a mock, wholly or for what is not safe. */
  get mocked(): ReadonlySet<ServiceId> {
    return mockedExternals(this.#options.documents);
  }

  async plan(): Promise<void> {
    for (const external of this.#all.values())
      if (external.mode !== 'sandbox') external.port = await this.#options.ports.free();
  }

  /** Addresses by which the shadow's proxies find them. */
  endpoints(): Record<ServiceId, readonly Endpoint[]> {
    const found: Record<ServiceId, readonly Endpoint[]> = {};
    for (const { name, mode, port } of this.#all.values()) {
      const address = mode === 'sandbox' ? { pipe: this.#relaySocket(name) } : { host: '127.0.0.1', port };
      found[name] = [{ address, replica: 0, healthy: true }];
    }
    return found;
  }

  async start(): Promise<void> {
    for (const external of this.#all.values()) {
      const { name, mode, url } = external;
      if (mode === 'sandbox' || mode === 'read-only')
        external.relay = await startRelay({ socket: this.#relaySocket(name), url, safeOnly: mode === 'read-only' });
      if (hasMock(mode)) {
        external.process = this.#mock(external);
        await external.process.start();
      }
    }
  }

  #relaySocket(name: ServiceId): string {
    return join(this.#options.folder, 'x', `${name}.sock`);
  }
  #answersFile(name: ServiceId): string {
    return join(this.#options.folder, 'mocks', `${name}.json`);
  }
  #stateFile(name: ServiceId): string {
    return join(this.#options.folder, 'x', `${name}.state.json`);
  }

  #mock(external: External): KeptProcess {
    const { name, mode, port } = external;
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const program = fileURLToPath(new URL(`../../../shadow/mock/main.${extension}`, import.meta.url));
    const configuration = {
      name,
      port,
      answers: this.#answersFile(name),
      state: this.#stateFile(name),
      ...(mode === 'read-only' ? { upstream: this.#relaySocket(name) } : {}),
    };
    const command = {
      name: `mock.${name}`,
      argv: [process.execPath, '--max-old-space-size=64', program, JSON.stringify(configuration)],
      cwd: '/',
      env: this.#options.env,
      log: join(this.#options.folder, 'logs', `mock.${name}.log`),
      stdin: true,
    };
    const kept: KeptProcess = new KeptProcess(this.#options.launcher, command, this.#options.clock, {
      // A mock that was restarted knows nothing of the faults in force.
      onStart: (process) => {
        for (const fault of external.faults) process.tell(JSON.stringify({ do: 'break', fault } satisfies MockOrder));
      },
    });
    return kept;
  }

  /** Keeps answers for a mock; returns how many. */
  recorded(name: ServiceId, answers: readonly RecordedAnswer[]): number {
    const external = this.#all.get(name);
    if (!external) return 0;
    const file = this.#answersFile(name);
    writeFileSync(`${file}.new`, JSON.stringify(answers), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    external.process?.current?.tell(JSON.stringify({ do: 'reload' } satisfies MockOrder));
    return answers.length;
  }

  /** Breaks a mock; resolves when the mock says that it is broken. @throws where there is no such mock or it does not answer */
  async breakMock(name: ServiceId, fault: MockFault): Promise<void> {
    const external = this.#all.get(name);
    if (!external?.process) throw new Error(`${name} has no mock in the shadow`);
    external.faults = [...external.faults.filter((f) => f.id !== fault.id), fault];
    external.process.current?.tell(JSON.stringify({ do: 'break', fault } satisfies MockOrder));
    await this.#until(
      () => this.mockFaults(name).some((f) => f.id === fault.id),
      `the mock of ${name} did not take the fault`,
    );
  }

  async mendMock(name: ServiceId, id: string): Promise<void> {
    const external = this.#all.get(name);
    if (!external?.process) return;
    external.faults = external.faults.filter((f) => f.id !== id);
    external.process.current?.tell(JSON.stringify({ do: 'mend', id } satisfies MockOrder));
    await this.#until(() => !this.mockFaults(name).some((f) => f.id === id), `the mock of ${name} did not mend`);
  }

  /** Faults in force, as the mock itself says. */
  mockFaults(name: ServiceId): readonly MockFault[] {
    try {
      return (JSON.parse(readFileSync(this.#stateFile(name), 'utf8')) as MockState).faults;
    } catch {
      return [];
    }
  }

  async #until(condition: () => boolean, otherwise: string): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if (condition()) return;
      await this.#options.clock.sleep(20);
    }
    throw new Error(otherwise);
  }

  ports(): number[] {
    return [...this.#all.values()].filter((e) => hasMock(e.mode)).map((e) => e.port);
  }
  deniedPorts(): number[] {
    return [...this.#all.values()].filter((e) => e.mode === 'deny').map((e) => e.port);
  }
  /** Unsafe requests that the relays refused. */
  refused(): number {
    return [...this.#all.values()].reduce((sum, e) => sum + (e.relay?.refused() ?? 0), 0);
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.#all.values()].map(async (e) => Promise.all([e.process?.stop(GRACE_MS), e.relay?.close()])),
    );
  }
}
