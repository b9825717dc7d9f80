import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Clock } from '../../mesh/clock.ts';
import { answerFor, fillBody } from './answers.ts';
import type { MockFault } from './orders.ts';
import type { RecordedAnswer } from './recorded-answer.ts';

export interface MockOptions {
  readonly answers: () => readonly RecordedAnswer[];
  readonly faults: () => readonly MockFault[];
  readonly clock: Clock;
  /** Unix socket of the relay to the real one, for safe methods. */
  readonly upstream?: string;
  /** 0..1; default Math.random. */
  readonly random?: () => number;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const MOST_BODY = 1024 * 1024;

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= MOST_BODY) parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Answers as recorded, as broken as it is told to be. What was never seen is answered 503 and says so. */
export function createMock(options: MockOptions): Server {
  const random = options.random ?? Math.random;
  return createServer((incoming, outgoing) => {
    respond(options, random, incoming, outgoing).catch(() => outgoing.destroy());
  });
}

async function respond(
  options: MockOptions,
  random: () => number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const method = incoming.method ?? 'GET';
  const body = await bodyOf(incoming);
  const now = options.clock.now();
  for (const fault of options.faults()) {
    if (fault.expiresAt <= now || random() >= fault.share) continue;
    if (fault.mode === 'slow') await options.clock.sleep(fault.delayMs);
    else {
      outgoing.writeHead(503, { 'content-type': 'application/json', 'x-umbra-mock': 'broken' });
      outgoing.end('{"error":"unavailable"}');
      return;
    }
  }
  if (options.upstream !== undefined && SAFE.has(method)) return pass(options.upstream, incoming, outgoing);
  const answer = answerFor(options.answers(), method, incoming.url ?? '/');
  if (!answer) {
    outgoing.writeHead(503, { 'content-type': 'application/json', 'x-umbra-mock': 'nothing-recorded' });
    outgoing.end(JSON.stringify({ error: `no answer recorded for ${method} ${incoming.url?.split('?')[0]}` }));
    return;
  }
  outgoing.writeHead(answer.status, { ...answer.headers, 'x-umbra-mock': 'recorded' });
  outgoing.end(method === 'HEAD' ? undefined : fillBody(answer.body, body));
}

function pass(socket: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const passed = request(
    { socketPath: socket, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      // An answer that breaks off does so for who asked as well.
      pipeline(answer, outgoing, () => {});
    },
  );
  passed.once('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  passed.end();
}
