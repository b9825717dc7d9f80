import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type * as grpc from '@grpc/grpc-js';
import type { Call } from './http2-call.ts';
import { Http2Call, isPlainCall } from './http2-call.ts';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...more: unknown[]) => void;

/**
 * Lets calls of some paths pass a grpc-js server's own message layer (see {@link Http2Call}); connections, keepalive, idle
 * connections and all other calls stay with it. `take` says who serves a path, if not grpc-js; `most` is the largest
 * request, bytes. `watch` is shown every call there is, whoever serves it.
 *
 * grpc-js does not show the HTTP/2 server inside it, so this looks at what is private to it (1.14). Where that is not as
 * expected, nothing is changed and false is returned: every call then goes the usual way, only slower.
 */
export function takeCalls(
  server: grpc.Server,
  take: (path: string) => ((call: Call) => void) | undefined,
  most: number,
  watch: (stream: ServerHttp2Stream) => void = () => {},
): boolean {
  const { http2Servers, onStreamOpened } = server as unknown as { http2Servers?: unknown; onStreamOpened?: unknown };
  if (!(http2Servers instanceof Map) || typeof onStreamOpened !== 'function') return false;
  const inner = [...http2Servers.keys()] as Http2Server[];
  if (inner.length === 0 || inner.some((s) => s.listenerCount('stream') !== 1)) return false;
  for (const http2Server of inner) {
    const [usual] = http2Server.listeners('stream') as [OnStream];
    http2Server.removeListener('stream', usual);
    http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...more: unknown[]) => {
      const serve = isPlainCall(headers) ? take(headers[':path'] ?? '') : undefined;
      if (serve) {
        // A connection with a call is not idle.
        onStreamOpened.call(server, stream);
        serve(new Http2Call(stream, most));
      } else usual.call(http2Server, stream, headers, ...more);
      // Not before who serves it has decided when it is read.
      watch(stream);
    });
  }
  return true;
}
