import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockTime, paint } from '../text/words.ts';
import { lineLogger } from './loggers.ts';

test('a line has colours of its own, and none of what it tells of', () => {
  const lines: string[] = [];
  const logger = lineLogger({
    paint: paint(true),
    out: (text) => void lines.push(text),
    err: () => {},
    now: () => 0,
    stop: new AbortController().signal,
    env: {},
    user: 'carol',
  });
  logger.warn({ node: 'cart\x1b[2J', detail: 'told in the message' }, 'refused: \x1b[31mno');
  logger.info({}, 'serving on 127.0.0.1:18000');
  const time = `\x1b[2m${clockTime(0)}\x1b[0m`;
  assert.deepEqual(lines, [
    `${time} \x1b[33mwarning: \x1b[0mrefused: \\x1b[31mno \x1b[2mnode=cart\\x1b[2J\x1b[0m`,
    `${time} serving on 127.0.0.1:18000`,
  ]);
});
