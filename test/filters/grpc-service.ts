/** A gRPC service of raw bytes, as grpc-js serves it, and a client for it. */
import * as grpc from '@grpc/grpc-js';

const bytes = (b: Buffer) => b;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

export const echo = {
  Get: method('Get', false, false),
  Collect: method('Collect', true, false),
  Talk: method('Talk', true, true),
};

/** A finished call as the service saw it. */
export interface GrpcCall {
  readonly method: string;
  readonly messages: string[];
  readonly metadata: Record<string, unknown>;
}

export interface GrpcService {
  readonly port: number;
  readonly calls: GrpcCall[];
  /** Resolves once at least `n` calls were finished. */
  arrived(n: number): Promise<void>;
  stop(): void;
}

/** Get and Collect answer `NAME:` and what they got, or with `status` if it is not 0; Talk echoes. */
export async function serveGrpc(name: string, status: (method: string) => number = () => 0): Promise<GrpcService> {
  const calls: GrpcCall[] = [];
  const waiting: { n: number; resolve: () => void }[] = [];
  const finished = (call: GrpcCall) => {
    calls.push(call);
    for (const w of waiting) if (calls.length >= w.n) w.resolve();
  };
  const end = (method: string, messages: string[], metadata: grpc.Metadata, answer: grpc.sendUnaryData<Buffer>) => {
    finished({ method, messages, metadata: metadata.getMap() });
    const code = status(method);
    if (code !== 0) answer({ code, details: `${name} fails` });
    else answer(null, Buffer.from(`${name}:${messages.join('+')}`));
  };
  const server = new grpc.Server();
  server.addService(echo, {
    Get(call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) {
      end('Get', [call.request.toString()], call.metadata, answer);
    },
    Collect(call: grpc.ServerReadableStream<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) {
      const messages: string[] = [];
      call.on('data', (m: Buffer) => messages.push(m.toString()));
      call.on('end', () => end('Collect', messages, call.metadata, answer));
    },
    Talk(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      const messages: string[] = [];
      call.on('data', (m: Buffer) => {
        messages.push(m.toString());
        call.write(m);
      });
      call.on('end', () => {
        finished({ method: 'Talk', messages, metadata: call.metadata.getMap() });
        call.end();
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    calls,
    arrived(n) {
      if (calls.length >= n) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ n, resolve }));
    },
    stop: () => server.forceShutdown(),
  };
}

export interface GrpcClient {
  /** Taken back when the signal aborts. */
  get(message: string, signal?: AbortSignal): Promise<string>;
  collect(messages: readonly string[]): Promise<string>;
  /** Each message is sent when the echo of the one before has come. */
  talk(messages: readonly string[]): Promise<string[]>;
  close(): void;
}

export function grpcClient(port: number): GrpcClient {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const metadata = () => {
    const m = new grpc.Metadata();
    m.set('authorization', 'Bearer secret-77');
    return m;
  };
  const settled =
    (resolve: (text: string) => void, reject: (error: Error) => void): grpc.requestCallback<Buffer> =>
    (error, answer) =>
      error ? reject(error) : resolve(answer!.toString());
  return {
    get: (message, signal) =>
      new Promise((resolve, reject) => {
        const { path } = echo.Get;
        const done = settled(resolve, reject);
        const call = client.makeUnaryRequest(path, bytes, bytes, Buffer.from(message), metadata(), done);
        signal?.addEventListener('abort', () => call.cancel(), { once: true });
      }),
    collect: (messages) =>
      new Promise((resolve, reject) => {
        const { path } = echo.Collect;
        const call = client.makeClientStreamRequest(path, bytes, bytes, metadata(), settled(resolve, reject));
        for (const m of messages) call.write(Buffer.from(m));
        call.end();
      }),
    talk: (messages) =>
      new Promise((resolve, reject) => {
        const echoes: string[] = [];
        const call = client.makeBidiStreamRequest(echo.Talk.path, bytes, bytes, metadata());
        const next = () => {
          const m = messages[echoes.length];
          if (m === undefined) call.end();
          else call.write(Buffer.from(m));
        };
        call.on('data', (m: Buffer) => {
          echoes.push(m.toString());
          next();
        });
        call.on('end', () => resolve(echoes));
        call.on('error', reject);
        next();
      }),
    close: () => client.close(),
  };
}
