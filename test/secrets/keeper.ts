/**
 * A service that keeps whatever it receives, a JSON line each in its data folder, and answers with what nobody else should see:
 * below `/pay` the answer of what is outside, elsewhere the secret ANSWER.
 */
import { appendFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';

const { PORT, DATA, PAY, ANSWER } = process.env;

createServer(async (incoming, outgoing) => {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  if (incoming.url === '/healthz') return outgoing.end();
  const { method, url, headers, trailers } = incoming;
  const body = Buffer.concat(parts);
  const received = { method, url, headers, trailers, body: body.toString('latin1') };
  appendFileSync(join(DATA!, 'received'), `${JSON.stringify(received)}\n`);
  if (!url!.startsWith('/pay')) {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'set-cookie': `sid=${ANSWER}` });
    return outgoing.end(JSON.stringify({ token: ANSWER, url }));
  }
  request(
    `${PAY}${url}`,
    { method, headers: { 'content-type': headers['content-type'] ?? '', authorization: headers.authorization ?? '' } },
    (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    },
  )
    .on('error', () => outgoing.writeHead(502).end())
    .end(body);
}).listen(Number(PORT), '127.0.0.1');
