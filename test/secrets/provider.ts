import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { card, grouped, webToken, word } from './secrets.ts';

/** An answer with a secret in it. */
interface Leak {
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** No mock may keep it: nobody can say what is in it. */
  readonly unreadable?: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const leak = (secret: string, of: (secret: string) => Omit<Leak, 'secret'>): Leak => ({ secret, ...of(secret) });

/** Everywhere a secret can be in the answer of something outside, by path below `/pay/`. */
export const leaks: Readonly<Record<string, Leak>> = {
  json: leak(word(), (s) => ({ headers: JSON_TYPE, body: JSON.stringify({ paid: true, client: { secret: s } }) })),
  look: leak(card(), (s) => ({
    headers: JSON_TYPE,
    body: JSON.stringify({ text: `from ${grouped(s)}`, n: Number(s) }),
  })),
  header: leak(word(), (s) => ({ headers: { ...JSON_TYPE, 'x-auth-token': s }, body: '{}' })),
  cookie: leak(word(), (s) => ({ headers: { ...JSON_TYPE, 'set-cookie': `sid=${s}` }, body: '{}' })),
  location: leak(word(), (s) => ({ headers: { ...JSON_TYPE, location: `/back?n=1&access_token=${s}` }, body: '{}' })),
  form: leak(word(), (s) => ({
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `state=paid&refresh_token=${s}`,
  })),
  text: leak(webToken(), (s) => ({ headers: { 'content-type': 'text/plain' }, body: `take ${s}` })),
  multipart: leak(word(), (s) => ({
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: `--b\r\ncontent-disposition: form-data; name="token"\r\n\r\n${s}\r\n--b--\r\n`,
    unreadable: true,
  })),
  gzip: leak(word(), (s) => ({
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: gzipSync(`{"token":"${s}"}`, { level: 0 }),
    unreadable: true,
  })),
  protobuf: leak(word(), (s) => ({
    headers: { 'content-type': 'application/x-protobuf' },
    body: Buffer.concat([Buffer.from([0x0a, s.length]), Buffer.from(s)]),
    unreadable: true,
  })),
};

/** Something outside of the application that answers `/pay/NAME` with the leak of that name. */
export async function startProvider(): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const found = leaks[request.url!.slice('/pay/'.length)];
    request.resume().on('end', () => response.writeHead(found ? 200 : 404, found?.headers).end(found?.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
