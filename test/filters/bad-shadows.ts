import type { ServerResponse } from 'node:http';

/** What shadows that do their worst do with a request that has come whole. A further one is no code: a port nobody listens on. */
export const badShadows = {
  'answers without an end': (res: ServerResponse) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const more = () => {
      while (res.write(chunk));
      res.once('drain', more);
    };
    res.on('error', () => {});
    more();
  },
  'begins an answer and stalls': (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    res.write('{"a":');
  },
  'never answers': () => {},
  'resets the connection': (res: ServerResponse) => {
    res.socket?.resetAndDestroy();
  },
  'breaks off in the middle': (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write('{"a":', () => res.socket?.resetAndDestroy());
  },
} as const satisfies Record<string, (res: ServerResponse) => void>;
