import type { HealthCheck } from './health-check.ts';

/** What is to be started, wherever it is started (this machine, or the shadow's namespaces). */
export interface Command {
  /** Unique within a world: `cart.0`, `cart.0.envoy`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Appended to; both outputs. */
  readonly log: string;
  /** Receives what the process is told on its standard input as lines; absent = /dev/null. */
  readonly stdin?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process that was started. Pids are this machine's, also for processes inside a PID namespace. */
export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  /** Writes a line to its standard input, where it has one. */
  tell(line: string): void;
}

/** Starts processes in one world and asks whether they answer. */
export interface Launcher {
  start(command: Command): Promise<RunningProcess>;
  /** Whether what listens on the world's loopback passes the check within a second. */
  probe(port: number, check: HealthCheck): Promise<boolean>;
  /** Empties a folder of the world and fills it from another. */
  replaceData(from: string, to: string): Promise<void>;
  /** Whether two folders hold the same files by name, size and time. */
  sameData(a: string, b: string): Promise<boolean>;
  /** Empties the logs of a folder that have grown too long. */
  boundLogs(folder: string): Promise<void>;
}
