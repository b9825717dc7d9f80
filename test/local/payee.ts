import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something outside of the application that is paid: it counts what reaches it. */
export async function startPayee(): Promise<{ port: number; requests: () => number; close: () => Promise<void> }> {
  let requests = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      requests++;
      const sent = text === '' ? {} : (JSON.parse(text) as { amount?: number });
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ charged: sent.amount, token: 'tok_live_123', receipt: `r-${requests}` }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
