import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos, counted, get, run } from './chaos-world.ts';
import { Exchange } from './exchange.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

const cases: [bytes: number, chunks: string[], left: string][] = [
  [3, ['abcdef'], 'abc'],
  [3, ['ab', 'cd', 'ef'], 'abc'],
  [0, ['ab', 'cd'], ''],
  [9, ['ab', 'cd'], 'abcd'],
  [4, ['ab', 'cd'], 'abcd'],
  [2, ['ab', 'cd'], 'ab'],
];
for (const [bytes, chunks, left] of cases) {
  for (const on of ['request', 'response'] as const) {
    for (const trailers of [false, true]) {
      test(`cuts a ${on}'s ${chunks.join('|')} to ${bytes}${trailers ? ', with trailers' : ''}`, () => {
        const w = chaos([{ truncate: { on, bytes } }]);
        const x = new Exchange(w.host, w.root);
        const headers = { 'content-type': 'text/plain', 'content-length': '99' };
        const last = (i: number) => !trailers && i === chunks.length - 1;
        if (on === 'request') {
          x.requestHeaders(request('POST', '/', headers));
          chunks.forEach((c, i) => void x.requestBody(c, last(i)));
          if (trailers) x.requestTrailers([['x-t', '1']]);
        } else {
          x.requestHeaders(request('GET', '/'), true);
          x.responseHeaders(response(200, headers));
          chunks.forEach((c, i) => void x.responseBody(c, last(i)));
          if (trailers) x.responseTrailers([['x-t', '1']]);
        }
        const passed = x[on];
        assert.equal(passed.body, left);
        assert.ok(passed.ended);
        assert.equal(headerOf(passed.headers, 'content-length'), undefined);
        assert.equal(counted(w, 'injected_truncate'), left.length < chunks.join('').length ? 1 : 0);
      });
    }
  }
}

test('a body is mutated first and then cut, in chunks and with trailers', () => {
  for (const trailers of [false, true]) {
    const w = chaos([
      { mutate: { on: 'response', ops: 1, kinds: ['null'] } },
      { truncate: { on: 'response', bytes: 8 } },
    ]);
    const x = get(w);
    x.responseHeaders(response(200, { ...JSON_TYPE, 'content-length': '9' }));
    x.responseBody('{"a":');
    x.responseBody('123}', !trailers);
    if (trailers) x.responseTrailers([['x-t', '1']]);
    assert.equal(x.response.body, '{"a":nul');
    assert.ok(x.response.ended);
    assert.equal(headerOf(x.response.headers, 'content-length'), undefined);
  }
});

test('a body too large to be mutated is cut all the same', () => {
  const w = chaos([{ mutate: { on: 'request', ops: 1 } }, { truncate: { on: 'request', bytes: 5 } }], {
    maxBodyBytes: 10,
  });
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/', JSON_TYPE));
  for (let i = 0; i < 4; i++) x.requestBody('"abcd', i === 3);
  assert.equal(x.request.body, '"abcd');
  assert.ok(x.request.ended);
});

test('a delayed request is cut when it goes on', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 10 }, truncate: { on: 'request', bytes: 1 } }]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/', { 'content-length': '4' }));
  x.requestBody('ab');
  x.requestBody('cd', true);
  run(w, [x], 10);
  assert.equal(x.request.body, 'a');
  assert.ok(x.request.ended);
});

test("an abort's own answer is whole, whatever the truncation", () => {
  const w = chaos([{ abort: { http: 500 } }, { truncate: { on: 'response', bytes: 1 }, stall: 'response' }]);
  const x = get(w);
  assert.equal(x.local?.status, 500);
  assert.equal(x.response.body, 'fault filter abort');
  assert.ok(x.response.ended);
});
