import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { firstLine, withSocketPath } from './socket.ts';

/** Takes what a caller asks for into force; answers how to take it back, or why not as text. */
export type Take = (
  message: string,
) => { readonly undo: () => void; readonly answer: Record<string, unknown> } | string;

/**
 * Listens on a Unix socket. One JSON line per connection; what it asked for is in force until the connection ends: a
 * caller that dies leaves nothing behind. A socket file left by a killed process is replaced.
 */
export async function listenForControl(path: string, take: Take): Promise<{ close(): Promise<void> }> {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let undo: (() => void) | undefined;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      open.delete(socket);
      undo?.();
    });
    void firstLine(socket).then((line) => {
      if (line === undefined || socket.destroyed) return;
      const taken = take(line);
      if (typeof taken === 'string') return socket.end(JSON.stringify({ error: taken }) + '\n');
      undo = taken.undo;
      socket.write(JSON.stringify(taken.answer) + '\n');
      return;
    });
  });
  await withSocketPath(path, (name) => listen(server, name));
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
        rmSync(path, { force: true });
      }),
  };
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(name, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
