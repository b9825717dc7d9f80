import type { Readable } from 'node:stream';

/** Calls `onLine` with each whole line of a stream; what comes after the last line break is an unfinished line. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let pieces: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = chunk.split('\n');
    pieces.push(lines[0]!);
    if (lines.length === 1) return;
    onLine(pieces.join(''));
    for (const line of lines.slice(1, -1)) onLine(line);
    pieces = [lines.at(-1)!];
  });
}
