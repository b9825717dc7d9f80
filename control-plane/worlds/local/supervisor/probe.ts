import { request } from 'node:http';
import { connect } from 'node:net';

const WITHIN_MS = 1000;

/** Whether `GET path` on loopback is answered below 400 within a second; without a path, whether a TCP connection opens. */
export function probe(port: number, path?: string): Promise<boolean> {
  return new Promise((resolve) => {
    if (path === undefined) {
      const socket = connect({ port, host: '127.0.0.1', timeout: WITHIN_MS });
      const end = (answer: boolean) => {
        socket.destroy();
        resolve(answer);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
      socket.once('timeout', () => end(false));
      return;
    }
    const outgoing = request({ port, host: '127.0.0.1', path, agent: false, timeout: WITHIN_MS }, (answer) => {
      answer.resume();
      resolve((answer.statusCode ?? 500) < 400);
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(false));
    outgoing.end();
  });
}

/** Whether an Envoy has been served all it waits for: its admin interface answers `/ready` with 200 then. */
export function proxyIsLive(adminSocket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request(
      { socketPath: adminSocket, path: '/ready', agent: false, timeout: WITHIN_MS },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(false));
    outgoing.end();
  });
}
