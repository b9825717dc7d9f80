/**
 * The services of an application with a trouble of its own: `web` asks `api`. While the file named by TROUBLE says `api` or
 * `web`, every third request of that service fails; a count, not chance, so that two runs can be compared.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';

const { PORT, NAME, API, TROUBLE } = process.env;
const agent = new Agent({ keepAlive: true });
let ill = false;
let served = 0;
setInterval(() => {
  try {
    ill = readFileSync(TROUBLE!, 'utf8').trim() === NAME;
  } catch {
    ill = false;
  }
}, 50);

createServer((request, response) => {
  request.resume();
  if (request.url === '/healthz') return response.writeHead(200).end();
  if (ill && served++ % 3 === 0) return response.writeHead(500).end();
  if (!API) return response.writeHead(200).end('{}');
  const asked = get(`${API}/item`, { agent }, (answer) => {
    answer.resume();
    answer.on('end', () => response.writeHead(answer.statusCode ?? 502).end('{}'));
  });
  asked.on('error', () => response.writeHead(502).end());
}).listen(Number(PORT), '127.0.0.1');
