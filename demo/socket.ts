import { closeSync, openSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the kernel allows for a Unix socket's path, less the closing zero. */
const MAX_PATH = 107;

/**
 * Runs `use` with a name for the Unix socket at `path` that is short enough for the kernel: the path itself or, in a deep
 * folder, one through the open folder under /proc. The folder must exist.
 */
export async function withSocketPath<T>(path: string, use: (name: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_PATH) return use(path);
  const folder = openSync(dirname(path), 'r');
  try {
    return await use(join('/proc/self/fd', String(folder), path.slice(dirname(path).length + 1)));
  } finally {
    closeSync(folder);
  }
}

/** Something set on the other side of a control socket; in force until the connection ends, whoever ends it. */
export interface Held {
  /** What the other side answered. */
  readonly answer: Record<string, unknown>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  release(): void;
}

/**
 * Sends one JSON line to the control socket at `path` and keeps the connection open.
 * @throws Error when nobody listens or the other side refuses (its answer has `error`).
 */
export async function hold(path: string, message: unknown): Promise<Held> {
  const socket = await withSocketPath(path, connect);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => socket.destroy());
  socket.write(JSON.stringify(message) + '\n');
  const line = await firstLine(socket);
  if (line === undefined) throw new Error(`${path}: hung up`);
  const answer = JSON.parse(line) as Record<string, unknown>;
  if (answer.error !== undefined) {
    socket.destroy();
    throw new Error(`${path}: ${answer.error}`);
  }
  return { answer, ended, release: () => socket.destroy() };
}

/** Whether some process listens at the control socket at `path`. */
export async function isListening(path: string): Promise<boolean> {
  const socket = await withSocketPath(path, connect).catch(() => undefined);
  socket?.destroy();
  return socket !== undefined;
}

function connect(name: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(name);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** The first line that arrives, or undefined when the connection ends before. */
export function firstLine(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: socket });
    lines.once('line', resolve);
    lines.once('close', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}
