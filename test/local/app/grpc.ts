/**
 * The gRPC services of the tests' application: `front` passes what Get asks on to `back`, which fails on demand. Both keep a
 * line per call in their data folder. Neither answers to `never`.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { echo } from '../../filters/grpc-service.ts';

const { PORT, DATA, NAME, BACK } = process.env;

export interface Call {
  readonly method: string;
  readonly messages: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What `back` answers to these words instead of their echo. */
const failures: Readonly<Record<string, grpc.status>> = {
  fail: grpc.status.UNAVAILABLE,
  refuse: grpc.status.INVALID_ARGUMENT,
};
const seen = new Set<string>();
const back = BACK && new grpc.Client(new URL(BACK).host, grpc.credentials.createInsecure());

function keep(method: string, messages: readonly string[], { metadata }: { metadata: grpc.Metadata }): void {
  const call: Call = { method, messages, metadata: metadata.getMap() };
  appendFileSync(join(DATA!, 'calls'), `${JSON.stringify(call)}\n`);
}

const named = (text: string) => Buffer.from(`${NAME}:${text}`);

const server = new grpc.Server();
server.addService(echo, {
  Get(call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) {
    const message = call.request.toString();
    keep('Get', [message], call);
    if (message === 'never') return;
    if (back) {
      const { path, requestSerialize, responseDeserialize } = echo.Get;
      back.makeUnaryRequest(path, requestSerialize, responseDeserialize, call.request, (error, text) =>
        error ? answer({ code: error.code, details: error.details }) : answer(null, named(String(text))),
      );
      return;
    }
    // Of each such word the first try fails.
    const first = message.startsWith('flaky') && !seen.has(message);
    seen.add(message);
    const code = first ? grpc.status.UNAVAILABLE : failures[message];
    if (code === undefined) answer(null, named(message));
    else answer({ code, details: message });
  },
  Collect(call: grpc.ServerReadableStream<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) {
    const messages: string[] = [];
    call.on('data', (m: Buffer) => messages.push(m.toString()));
    call.on('end', () => {
      keep('Collect', messages, call);
      answer(null, named(messages.join('+')));
    });
  },
  Talk(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (m: Buffer) => call.write(m));
    call.on('end', () => call.end());
  },
});
new HealthImplementation({ '': 'SERVING' }).addToServer(server);
server.bindAsync(`127.0.0.1:${PORT}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
