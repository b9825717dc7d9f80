import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onMessages } from './wire.ts';

/** A local HTTP/1.1 server that answers everything alike, as cheaply as Node can. */
export interface Origin {
  readonly port: number;
  /** Requests answered so far. */
  count(): number;
  stop(): Promise<void>;
}

/** Answers 200 with this JSON text. */
export async function startOrigin(json: string): Promise<Origin> {
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  );
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onMessages(socket, () => {
      count++;
      socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
