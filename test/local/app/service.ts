/**
 * The services of the tests' application: `web` calls `api`; both keep a line per request in their data folder. `/try` does what
 * a service of a shadow must not get away with.
 */
import { appendFileSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';

const { PORT, DATA, NAME, API, PAY, GREETING = 'hello' } = process.env;

async function bodyOf(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

function tried(what: () => unknown): string {
  try {
    return `ok ${JSON.stringify(what() ?? null)}`;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code ?? String(e);
  }
}

const dial = (host: string, port: number) =>
  new Promise<string>((resolve) => {
    const socket = connect({ host, port, timeout: 3000 });
    socket.once('connect', () => resolve('ok'));
    socket.once('timeout', () => resolve('timeout'));
    socket.once('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? String(e)));
  });

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://service');
  const body = await bodyOf(request);
  const json = (status: number, value: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (url.pathname === '/healthz') return json(200, { ok: true });
  if (url.pathname === '/env') return json(200, process.env);
  // The shadow can tell its requests from production's, so this one can differ in it for certain; the other differs by chance.
  if (url.pathname === '/otherwise')
    return request.headers['x-umbra-shadow'] === undefined ? json(200, { name: NAME }) : json(404, { error: 'gone' });
  if (url.pathname === '/chance') return json(200, Math.random() < 0.5 ? { heads: 1 } : { tails: 1 });
  if (url.pathname === '/alike') return json(200, { name: NAME });
  if (url.pathname === '/fds') return json(200, readdirSync('/proc/self/fd').length);
  if (url.pathname === '/environments')
    return json(
      200,
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => tried(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))),
    );
  if (url.pathname === '/read')
    return json(
      200,
      tried(() => readFileSync(url.searchParams.get('path')!, 'utf8')),
    );
  if (url.pathname === '/list')
    return json(
      200,
      tried(() => readdirSync(url.searchParams.get('path')!)),
    );
  if (url.pathname === '/write')
    return json(
      200,
      tried(() => writeFileSync(url.searchParams.get('path')!, 'x')),
    );
  if (url.pathname === '/replace-by-link')
    return json(
      200,
      tried(() => {
        const path = url.searchParams.get('path')!;
        renameSync(path, `${path}.away`);
        symlinkSync(url.searchParams.get('to')!, path);
      }),
    );
  if (url.pathname === '/dial')
    return json(200, await dial(url.searchParams.get('host')!, Number(url.searchParams.get('port'))));
  appendFileSync(join(DATA!, 'requests'), `${request.method} ${url.pathname} ${body}\n`);
  if (NAME === 'web' && url.pathname.startsWith('/pay') && PAY) {
    try {
      const answer = await fetch(`${PAY}${url.pathname}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      return json(answer.status, { via: answer.headers.get('x-umbra-mock'), answer: await answer.text() });
    } catch (e) {
      return json(502, { error: String(e) });
    }
  }
  if (NAME === 'web' && API) {
    const answer = await fetch(`${API}/item${url.search}`);
    return json(answer.status, { greeting: GREETING, api: await answer.text() });
  }
  return json(200, { name: NAME, greeting: GREETING, replica: process.env.REPLICA });
}).listen(Number(PORT), '127.0.0.1');
