import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhole, requestOf } from './wire.ts';

const whole: [what: string, bytes: string, whole: boolean][] = [
  ['a head that has not ended', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n', false],
  ['a body with its declared length', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', true],
  ['a body that is short of it', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', false],
  ['a request without a body', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', true],
  ['chunks with the last one', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', true],
  ['chunks without the last one', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n', false],
  ['no chunk yet', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', false],
  ['a header that only ends like one', 'GET / HTTP/1.1\r\nx-content-length: 9\r\n\r\n', true],
];
for (const [what, bytes, expected] of whole) {
  test(`${what} is ${expected ? '' : 'not '}whole`, () => assert.equal(isWhole(Buffer.from(bytes)), expected));
}

test('a request has the length of its body in bytes', () => {
  const text = requestOf('POST', '/a', { 'x-b': 'c' }, '"ü"').toString();
  assert.equal(text, 'POST /a HTTP/1.1\r\nhost: bench\r\nx-b: c\r\ncontent-length: 4\r\n\r\n"ü"');
});
