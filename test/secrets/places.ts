import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { card, grouped, webToken, word } from './secrets.ts';

/** A request with a secret in it. */
export interface Place {
  readonly secret: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In parts, each a chunk. */
  readonly body?: readonly (string | Buffer)[];
  readonly trailers?: Readonly<Record<string, string>>;
  /** The mirror cannot read it, so that it sends no copy at all. */
  readonly unreadable?: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
/** With a secret that is made anew each run. */
const make = (secret: string, of: (secret: string) => Omit<Place, 'secret'>): Place => ({ secret, ...of(secret) });

/** Everywhere a secret can be in a request. */
export const places: Readonly<Record<string, Place>> = {
  'path by its look': make(card(), (s) => ({ path: `/users/${s}/orders` })),
  'token in a path': make(webToken(), (s) => ({ path: `/reset/${s}` })),
  query: make(word(), (s) => ({ path: `/search?q=1&access_token=${s}` })),
  'query by its look': make(card(), (s) => ({ path: `/search?q=${encodeURIComponent(grouped(s))}` })),
  referer: make(word(), (s) => ({ path: '/', headers: { referer: `http://shop.example/login?password=${s}` } })),
  authorization: make(word(), (s) => ({ path: '/', headers: { authorization: `Bearer ${s}` } })),
  'header by its name': make(word(), (s) => ({ path: '/', headers: { 'x-api-key': s } })),
  'header by its look': make(card(), (s) => ({ path: '/', headers: { 'x-note': `card ${grouped(s)}` } })),
  cookie: make(word(), (s) => ({ path: '/', headers: { cookie: `theme=dark; sid=${s}` } })),
  trailer: make(word(), (s) => ({
    path: '/trailer',
    headers: { 'content-type': 'text/plain', trailer: 'x-api-key' },
    body: ['a', 'b'],
    trailers: { 'x-api-key': s },
  })),
  'JSON by its name': make(word(), (s) => ({
    path: '/json',
    headers: JSON_TYPE,
    body: [`{"user":{"client_secret":"${s}"}}`],
  })),
  'JSON by its look': make(card(), (s) => ({ path: '/json', headers: JSON_TYPE, body: [`{"note":[${s}]}`] })),
  'JSON across chunks': make(word(), (s) => ({
    path: '/json',
    headers: JSON_TYPE,
    body: [`{"passw`, `ord":"${s.slice(0, 5)}`, `${s.slice(5)}"}`],
  })),
  'card across chunks': make(card(), (s) => ({
    path: '/json',
    headers: JSON_TYPE,
    body: [`{"note":"${s.slice(0, 7)}`, `${s.slice(7)}"}`],
  })),
  form: make(word(), (s) => ({
    path: '/form',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: [`user=ann&passw%6Frd=${s}`],
  })),
  text: make(card(), (s) => ({ path: '/text', headers: { 'content-type': 'text/plain' }, body: [`pay by ${s}`] })),
  multipart: make(word(), (s) => ({
    path: '/multipart',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: [`--b\r\ncontent-disposition: form-data; name="password"\r\n\r\n${s}\r\n--b--\r\n`],
    unreadable: true,
  })),
  gzip: make(word(), (s) => ({
    path: '/gzip',
    // Stored, not deflated: the secret stands in it as it is.
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: [gzipSync(`{"password":"${s}"}`, { level: 0 })],
    unreadable: true,
  })),
  protobuf: make(word(), (s) => ({
    path: '/protobuf',
    headers: { 'content-type': 'application/x-protobuf' },
    body: [Buffer.concat([Buffer.from([0x0a, s.length]), Buffer.from(s)])],
    unreadable: true,
  })),
  'broken JSON': make(word(), (s) => ({
    path: '/broken',
    headers: JSON_TYPE,
    body: [`{"password":"${s}"`],
    unreadable: true,
  })),
};

/** Sends it on a connection of its own; the status. Its copies are known by the header `x-place`. */
export function sendPlace(port: number, name: string): Promise<number> {
  const { path, headers, body = [], trailers } = places[name]!;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: body.length > 0 ? 'POST' : 'GET',
        headers: { ...headers, 'x-place': name.replaceAll(' ', '-') },
        agent: false,
      },
      (answer) => answer.resume().on('end', () => resolve(answer.statusCode!)),
    ).on('error', reject);
    if (trailers) outgoing.addTrailers(trailers);
    const next = (i: number): void => {
      if (i === body.length) outgoing.end();
      else outgoing.write(body[i], () => next(i + 1));
    };
    next(0);
  });
}
