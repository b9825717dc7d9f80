import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos, counted, get, run, START, serve, type World } from './chaos-world.ts';
import { Exchange } from './exchange.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

const post = (w: World, headers: Record<string, string> = JSON_TYPE): Exchange => {
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/', headers));
  return x;
};

test('a configuration that goes leaves no timer behind', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 50 } }]);
  const x = get(w);
  assert.ok(w.host.timers.has(w.root));
  x.end();
  w.host.deleteContext(w.root);
  assert.equal(w.host.timers.size, 0);
});

for (const trailers of [false, true]) {
  test(`a body that is too large to be mutated waits for the delay all the same${trailers ? ', with trailers' : ''}`, () => {
    const w = chaos([{ mutate: { on: 'request', ops: 1 }, delay: { kind: 'fixed', ms: 50 }, abort: { http: 503 } }], {
      maxBodyBytes: 4,
    });
    const x = post(w);
    x.requestBody('"abcd');
    x.requestBody('efgh', false);
    if (trailers) x.requestTrailers([['x-t', '1']]);
    else x.requestBody('"', true);
    assert.ok(x.held);
    assert.ok(!x.request.headers, 'the service must not see it');
    run(w, [x], 50);
    assert.equal(x.local?.status, 503);
    assert.equal(x.request.body, '');
  });
}

test('a body too large to be mutated arrives whole behind the delay', () => {
  const w = chaos([{ mutate: { on: 'request', ops: 1 }, delay: { kind: 'fixed', ms: 50 } }], { maxBodyBytes: 4 });
  const x = post(w);
  for (const part of ['"abcd', 'efgh', 'ijkl']) x.requestBody(part);
  run(w, [x], 49);
  assert.equal(x.request.body, '');
  run(w, [x], 1);
  x.requestBody('mnop"', true);
  assert.equal(x.request.body, '"abcdefghijklmnop"');
  assert.ok(x.request.ended);
});

test('what waits for an abort goes on unharmed when the fault has expired', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 30_000 }, abort: { http: 503 }, expiresAtMs: START + 1000 }]);
  const x = get(w);
  run(w, [x], 999);
  assert.ok(x.held);
  run(w, [x], 1);
  assert.ok(!x.held && !x.local && x.request.ended);
  assert.equal(counted(w, 'expired'), 1);
});

test('of two faults that delay the one that is left still does', () => {
  const w = chaos([
    { delay: { kind: 'fixed', ms: 30_000 }, expiresAtMs: START + 1000 },
    { delay: { kind: 'fixed', ms: 5000 }, abort: { http: 500 } },
  ]);
  const x = get(w);
  run(w, [x], 5999);
  assert.ok(x.held);
  run(w, [x], 1);
  assert.equal(x.local?.status, 500);
});

test('an answer that begins when the fault has expired is neither mutated, cut nor stalled', () => {
  const w = chaos([
    {
      mutate: { on: 'response', ops: 1, parts: ['body', 'headers'] },
      stall: 'response',
      truncate: { on: 'response', bytes: 1 },
      expiresAtMs: START + 1000,
    },
  ]);
  const x = get(w);
  run(w, [x], 1000);
  serve(x, '{"a":1}', { 'x-stock': '17' });
  assert.equal(x.response.body, '{"a":1}');
  assert.equal(headerOf(x.response.headers, 'content-length'), '7');
  assert.equal(headerOf(x.response.headers, 'x-stock'), '17');
});

test('headers that wait for a body to be mutated go on when the fault has expired', () => {
  for (const on of ['request', 'response'] as const) {
    const w = chaos([{ mutate: { on, ops: 1, raw: true }, expiresAtMs: START + 1000 }]);
    const grpc = { 'content-type': 'application/grpc' };
    const x = on === 'request' ? post(w, grpc) : get(w);
    if (on === 'response') x.responseHeaders(response(200, grpc));
    run(w, [x], 999);
    assert.ok(!x[on].headers);
    run(w, [x], 1);
    assert.ok(x[on].headers);
    const part = (text: string, end: boolean) =>
      on === 'request' ? x.requestBody(text, end) : x.responseBody(text, end);
    part('one', false);
    assert.equal(x[on].body, 'one');
    part('two', true);
    assert.equal(x[on].body, 'onetwo');
    x.end();
    assert.equal(counted(w, 'mutated'), 0);
  }
});

test('a part of a body that was collected goes on with the next one when the fault has expired', () => {
  for (const on of ['request', 'response'] as const) {
    const w = chaos([{ mutate: { on, ops: 1, raw: true }, expiresAtMs: START + 1000 }]);
    const x = on === 'request' ? post(w) : get(w);
    if (on === 'response') x.responseHeaders(response(200, JSON_TYPE));
    const part = (text: string, end: boolean) =>
      on === 'request' ? x.requestBody(text, end) : x.responseBody(text, end);
    part('one', false);
    run(w, [x], 1000);
    part('two', false);
    assert.equal(x[on].body, 'onetwo');
    part('three', true);
    assert.equal(x[on].body, 'onetwothree');
    assert.equal(counted(w, 'mutated'), 0);
  }
});

test('a request whose body was waited for is still delayed and aborted by the faults that are left', () => {
  const w = chaos([
    { mutate: { on: 'request', ops: 1 }, expiresAtMs: START + 1000 },
    { delay: { kind: 'fixed', ms: 500 }, abort: { http: 500 } },
  ]);
  const x = post(w);
  const status = () => x.local?.status;
  run(w, [x], 1499);
  assert.ok(x.held && status() === undefined);
  run(w, [x], 1);
  assert.equal(status(), 500);
});

test('a clock that is set lets go what a fault holds', () => {
  const w = chaos([{ stall: 'request', expiresAtMs: START + 10_000 }]);
  const x = get(w);
  run(w, [x], 200);
  w.host.wallMs += 10_000;
  get(w).end();
  run(w, [x], 1);
  assert.ok(!x.held);
});

test('a fault that is taken back lets go what it holds, and does nothing more to it', () => {
  const w = chaos([
    { id: 'stalled', stall: 'request', match: { path: '/stalled' } },
    { id: 'aborted', delay: { kind: 'fixed', ms: 30_000 }, abort: { http: 500 }, match: { path: '/aborted' } },
    { id: 'kept', stall: 'request', match: { path: '/kept' } },
  ]);
  const [stalled, aborted, kept] = ['/stalled', '/aborted', '/kept'].map((path) => get(w, path)) as [
    Exchange,
    Exchange,
    Exchange,
  ];
  chaos([{ id: 'kept', stall: 'request', match: { path: '/kept' } }], {}, w.host);
  run(w, [stalled, aborted, kept], 1);
  assert.ok(stalled.request.ended && aborted.request.ended && !aborted.local);
  assert.ok(kept.held);
});

test("another filter's configuration takes nothing back", () => {
  const w = chaos([{ stall: 'request' }], { filter: 'a' });
  const x = get(w);
  chaos([], { filter: 'b' }, w.host);
  run(w, [x], 100);
  assert.ok(x.held);
  chaos([], { filter: 'a' }, w.host);
  run(w, [x], 1);
  assert.ok(!x.held);
});

test('an old configuration that comes back, without being read again, is in force', () => {
  const host = chaos([]).host;
  const w = { host, root: [...host.contexts.keys()][0]! };
  const next = chaos([{ id: 'lease', stall: 'request' }], {}, host);
  const held = get(next);
  // Envoy keeps it while a stream of it lives, and takes it up again when its text is served again.
  get(w);
  run(w, [held], 1);
  assert.ok(!held.held);
  assert.ok(get(next).held, 'and so is the other one when it comes back');
});

test('a fault goes on where it was when another one is added', () => {
  const before = { id: 'f', share: 0.5, seed: 3, abort: { http: 500 }, maxDurationMs: 1000 } as const;
  const draws = (w: World) =>
    Array.from({ length: 20 }, () => {
      const x = get(w);
      x.end();
      return x.local !== undefined;
    });
  const once = chaos([before]);
  const expected = [...draws(once), ...draws(once)];
  const w = chaos([before]);
  const drawn = draws(w);
  w.host.advance(600);
  const next = chaos([before, { id: 'other' }], {}, w.host);
  drawn.push(...draws(next));
  assert.deepEqual(drawn, expected);
  w.host.advance(400);
  assert.ok(!draws(next).some(Boolean), 'its time has not begun anew');
  const again = chaos([before, { id: 'third' }], {}, w.host);
  assert.ok(!draws(again).some(Boolean), 'once over it stays over');
  const renewed = chaos([{ ...before, expiresAtMs: START + 61_000 }], {}, w.host);
  assert.ok(draws(renewed).some(Boolean), 'another expiry makes another fault');
});
