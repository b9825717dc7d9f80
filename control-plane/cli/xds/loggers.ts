import type { XdsLogger } from '../../standalone/index.ts';
import type { Terminal } from '../terminal.ts';
import { clockTime, plain } from '../text/words.ts';

/** A line an event, for people. */
export function lineLogger(terminal: Terminal): XdsLogger {
  const { paint: p } = terminal;
  const write = (word: string) => (fields: object, message: string) => {
    const extra = Object.entries(fields)
      .filter(
        ([k, v]) =>
          k !== 'err' && k !== 'detail' && k !== 'problems' && v !== undefined && !message.includes(String(v)),
      )
      .map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`);
    // Colours come last: what proxies and files say has none.
    const parts = [p.dim(clockTime(terminal.now())), `${word}${plain(message)}`];
    if (extra.length > 0) parts.push(p.dim(plain(extra.join(' '))));
    terminal.out(parts.join(' '));
  };
  return { debug: () => {}, info: write(''), warn: write(p.warn('warning: ')), error: write(p.bad('error: ')) };
}

/** A JSON object a line, for machines. */
export function jsonLogger(terminal: Terminal): XdsLogger {
  const write = (level: string) => (fields: object, message: string) =>
    terminal.out(JSON.stringify({ time: terminal.now(), level, message, ...fields }));
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
