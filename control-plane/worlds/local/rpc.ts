import { createServer, type Server, type Socket } from 'node:net';
import type { EventName, Events, RequestName, Requests } from './protocol.ts';

/** Handlers of every request; a thrown error becomes the answer's error. */
export type Handlers = {
  [M in RequestName]: (params: Requests[M]['params']) => Promise<Requests[M]['result']> | Requests[M]['result'];
};

/** Longest line accepted; a peer that sends more is cut off. */
const MOST_LINE = 16 * 1024 * 1024;

/** Calls `onLine` for each complete line of UTF-8 that a socket receives. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line !== '') onLine(line);
    }
    if (rest.length > MOST_LINE) socket.destroy(new Error(`a line of more than ${MOST_LINE} bytes`));
  });
}

export interface RpcServer {
  /** Sends an event to every connected client. */
  emit<E extends EventName>(event: E, data: Events[E]): void;
  close(): Promise<void>;
}

/**
 * Answers newline-delimited JSON requests on a Unix socket: `{id, method, params}` → `{id, result}` or `{id, error: {message}}`.
 * Answers come as they are ready, in any order.
 */
export async function serveRpc(path: string, handlers: Handlers): Promise<RpcServer> {
  const clients = new Set<Socket>();
  const server: Server = createServer((socket) => {
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    socket.on('error', () => {});
    readLines(socket, (line) => void answer(socket, line, handlers));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    emit(event, data) {
      const line = `${JSON.stringify({ event, data })}\n`;
      // A client that does not read loses events rather than growing this process.
      for (const socket of clients) if (socket.writableLength < MOST_LINE) socket.write(line);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of clients) socket.destroy();
      }),
  };
}

async function answer(socket: Socket, line: string, handlers: Handlers): Promise<void> {
  let id: unknown;
  try {
    const request = JSON.parse(line) as { id: unknown; method: RequestName; params: never };
    id = request.id;
    if (!Object.hasOwn(handlers, request.method)) throw new Error(`no method ${JSON.stringify(request.method)}`);
    const result = await handlers[request.method](request.params);
    if (socket.writable) socket.write(`${JSON.stringify({ id, result })}\n`);
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e);
    if (socket.writable) socket.write(`${JSON.stringify({ id, error: { message } })}\n`);
  }
}
