import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChaosFault, Delay } from '../../filters/config.ts';
import { chaos, counted, get, logged, run, START, serve } from './chaos-world.ts';
import { Exchange } from './exchange.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

test('no faults, no host calls', () => {
  const w = chaos([]);
  const before = w.host.count();
  const x = get(w);
  serve(x);
  x.end();
  assert.equal(w.host.count(), before);
});

test('a delay holds the request for its time, and no timer runs once all is told', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 50 } }]);
  assert.ok(!w.host.timers.has(w.root));
  const x = get(w);
  assert.ok(x.held);
  run(w, [x], 49);
  assert.ok(x.held);
  run(w, [x], 1);
  assert.ok(!x.held);
  serve(x);
  assert.equal(headerOf(x.response.headers, 'x-umbra-fault'), 'f0;seed=0;n=0;delay=50');
  assert.equal(x.response.body, '{"a":1}');
  x.end();
  assert.equal(counted(w, 'injected_delay'), 1);
  assert.equal(counted(w, 'active'), 0);
  assert.equal(counted(w, 'waiting'), 0);
  assert.ok(!w.host.timers.has(w.root));
});

test('many delayed streams come back in the order they are due, though they came in another', () => {
  const w = chaos([{ delay: { kind: 'uniform', ms: 500, spread: 500 }, seed: 3 }]);
  const waiting = Array.from({ length: 200 }, () => get(w));
  const freed: Exchange[] = [];
  let last = 0;
  for (let ms = 0; ms < 1001; ms++) {
    run(w, waiting, 1);
    for (const x of waiting) {
      if (x.held || freed.includes(x)) continue;
      freed.push(x);
      serve(x);
      const delay = Number(/delay=(\d+)/.exec(headerOf(x.response.headers, 'x-umbra-fault') ?? '')?.[1] ?? 0);
      assert.ok(Math.abs(delay - ms - 1) <= 1, `${delay} freed at ${ms + 1}`);
      last = ms;
    }
  }
  assert.equal(freed.length, 200);
  assert.ok(last > 900);
});

test('a stream that ends while it waits is never resumed', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 50 } }]);
  const a = get(w);
  const b = get(w);
  a.end();
  assert.equal(counted(w, 'gone_while_waiting'), 1);
  run(w, [b], 50);
  assert.ok(!b.held);
  b.end();
  const c = get(w);
  c.end();
  run(w, [], 100);
  assert.ok(!w.host.timers.has(w.root));
  assert.equal(w.host.actions.length, 0);
});

/** Every draw lies in [low, high] and the mean in [meanLow, meanHigh]. */
const delays: [Delay, number, number, number, number][] = [
  [{ kind: 'fixed', ms: 7 }, 7, 7, 7, 7],
  [{ kind: 'uniform', ms: 100, spread: 50 }, 50, 150, 95, 105],
  [{ kind: 'uniform', ms: 10, spread: 50 }, 0, 60, 10, 25],
  [{ kind: 'normal', ms: 100, spread: 10 }, 40, 160, 97, 103],
  [{ kind: 'pareto', ms: 20, spread: 2 }, 20, 60_000, 34, 48],
  [{ kind: 'table', table: [10, 10, 10, 10, 510] }, 10, 510, 55, 90],
];
for (const [delay, low, high, meanLow, meanHigh] of delays) {
  test(`delays: ${JSON.stringify(delay)}`, () => {
    const w = chaos([{ delay, seed: 42, expiresAtMs: START + 1e9 }]);
    const drawn: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const x = get(w);
      run(w, [x], 60_001);
      x.responseHeaders(response(200), true);
      drawn.push(Number(/delay=(\d+)/.exec(headerOf(x.response.headers, 'x-umbra-fault') ?? '')?.[1] ?? 0));
      x.end();
    }
    assert.ok(Math.min(...drawn) >= low && Math.max(...drawn) <= high, `${Math.min(...drawn)}..${Math.max(...drawn)}`);
    const mean = drawn.reduce((a, b) => a + b) / drawn.length;
    assert.ok(mean >= meanLow && mean <= meanHigh, `mean ${mean}`);
    if (delay.kind !== 'fixed') assert.ok(new Set(drawn).size > 10);
  });
}

const ends: [Partial<ChaosFault>, number, number, RegExp, Record<string, string>][] = [
  [{ abort: { http: 503 } }, 503, -1, /^fault filter abort$/, {}],
  [{ abort: { grpc: 14 } }, 503, 14, /./, {}],
  [
    { exception: { template: 'express', status: 500 } },
    500,
    -1,
    /<pre>Internal Server Error<\/pre>/,
    { 'x-powered-by': 'Express', 'content-type': 'text/html; charset=utf-8' },
  ],
  [
    { exception: { template: 'spring', status: 500 } },
    500,
    -1,
    /^\{"timestamp":"2023-11-14T22:13:20.000\+00:00","status":500,"error":"Internal Server Error","path":"\/p"\}$/,
    { 'content-type': 'application/json' },
  ],
  [{ exception: { template: 'grpc', status: 2 } }, 500, 2, /Application error processing RPC/, {}],
];
for (const [fault, status, grpc, body, headers] of ends) {
  test(`ends requests: ${JSON.stringify(fault)}`, () => {
    const w = chaos([fault]);
    const x = get(w, '/p?q=1');
    assert.equal(x.local?.status, status);
    assert.equal(x.local?.grpc, grpc);
    assert.match(x.local?.body ?? '', body);
    assert.ok(!x.request.headers, 'the service must not see it');
    assert.equal(headerOf(x.response.headers, 'x-umbra-fault'), 'f0;seed=0;n=0');
    for (const [name, value] of Object.entries(headers)) assert.equal(headerOf(x.local?.headers, name), value);
    x.end();
    assert.equal(counted(w, 'active'), 0);
  });
}

test('a delay comes before the abort', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 20 }, abort: { http: 500 } }]);
  const x = get(w);
  const status = () => x.local?.status;
  assert.equal(status(), undefined);
  run(w, [x], 20);
  assert.equal(status(), 500);
  assert.match(headerOf(x.response.headers, 'x-umbra-fault') ?? '', /delay=20/);
});

test('an abort once only, though the body goes on coming', () => {
  const w = chaos([{ abort: { http: 500 } }]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/', JSON_TYPE));
  x.requestBody('{"a"');
  x.requestBody(':1}', true);
  assert.equal(x.local?.status, 500);
  assert.equal(x.request.body, '');
});

test('reset', () => {
  const w = chaos([{ reset: true }]);
  const x = get(w);
  assert.ok(x.reset);
  assert.equal(counted(w, 'injected_reset'), 1);
});

test('the share is kept, and the same seed draws the same requests', () => {
  const draw = (seed: number) => {
    const w = chaos([{ share: 0.3, seed, abort: { http: 500 } }]);
    return Array.from({ length: 1000 }, () => {
      const x = get(w);
      x.end();
      return x.local !== undefined;
    });
  };
  const first = draw(1);
  const hits = first.filter(Boolean).length;
  assert.ok(hits > 240 && hits < 360, String(hits));
  assert.deepEqual(draw(1), first);
  assert.notDeepEqual(draw(2), first);
});

test('max active', () => {
  const w = chaos([{ maxActive: 1, delay: { kind: 'fixed', ms: 10 } }]);
  const a = get(w);
  const b = get(w);
  assert.ok(a.held && !b.held);
  assert.equal(counted(w, 'over_max_active'), 1);
  a.end();
  assert.ok(get(w).held);
});

test('max active counts what older configurations of the same fault hold', () => {
  const fault = { maxActive: 1, delay: { kind: 'fixed', ms: 10 } } as const;
  const before = chaos([fault]);
  const held = get(before);
  assert.ok(held.held);
  const w = chaos([fault, { match: { pathPrefix: '/other' }, abort: { http: 500 } }], {}, before.host);
  assert.ok(!get(w).held);
  assert.equal(counted(w, 'over_max_active'), 1);
  held.end();
  assert.ok(get(w).held);
  // Another seed makes another fault.
  assert.ok(get(chaos([{ ...fault, seed: 7 }], {}, before.host)).held);
});

test('a fault past its expiry does nothing, on either clock', () => {
  const wall = chaos([{ expiresAtMs: START + 1000, abort: { http: 500 } }]);
  assert.ok(get(wall).local);
  wall.host.advance(1000);
  assert.equal(get(wall).local, undefined);
  assert.equal(get(wall).local, undefined);
  assert.equal(counted(wall, 'expired'), 1);
  const monotonic = chaos([{ maxDurationMs: 1000, abort: { http: 500 } }]);
  assert.ok(get(monotonic).local);
  // The wall clock stands or jumps back: the other one has gone on.
  monotonic.host.monotonicNs += 1_000_000_000n;
  monotonic.host.wallMs -= 3_600_000;
  assert.equal(get(monotonic).local, undefined);
  // And once over it stays over.
  wall.host.wallMs = START;
  assert.equal(get(wall).local, undefined);
});

test('several faults act together', () => {
  const w = chaos([
    { delay: { kind: 'fixed', ms: 10 } },
    { delay: { kind: 'fixed', ms: 5 } },
    { abort: { http: 500 } },
  ]);
  const x = get(w);
  run(w, [x], 14);
  assert.equal(x.local, undefined);
  run(w, [x], 1);
  assert.equal(
    headerOf(x.response.headers, 'x-umbra-fault'),
    'f0;seed=0;n=0;delay=10, f1;seed=0;n=0;delay=5, f2;seed=0;n=0',
  );
});

test('a stalled request waits until the fault ends, and no longer', () => {
  const w = chaos([{ stall: 'request', expiresAtMs: START + 300 }]);
  const x = get(w);
  run(w, [x], 299);
  assert.ok(x.held);
  run(w, [x], 1);
  assert.ok(x.request.ended);
});

test("a stalled answer's headers come, its body does not until the fault ends", () => {
  const w = chaos([{ stall: 'response', maxDurationMs: 200 }]);
  const x = get(w);
  x.responseHeaders(response(200, JSON_TYPE));
  x.responseBody('{"a":');
  x.responseBody('1}', true);
  assert.ok(x.response.headers);
  assert.equal(x.response.body, '');
  run(w, [x], 200);
  assert.equal(x.response.body, '{"a":1}');
  assert.ok(x.response.ended);
});

test('a wait ends when the proxy answers by itself', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 500 } }]);
  const x = get(w);
  x.responseHeaders(response(504), true);
  assert.equal(counted(w, 'waiting'), 0);
  assert.equal(x.response.headers?.[0]?.[1], '504');
  x.end();
  w.host.tick(w.root);
  assert.ok(!w.host.timers.has(w.root));
});

test("an old configuration's waiting streams are served by its own timer", () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 100 } }]);
  const x = get(w);
  const next = chaos([], {}, w.host);
  const y = get(next);
  assert.ok(!y.held && x.held);
  run(w, [x], 100);
  assert.ok(!x.held);
  x.end();
  w.host.deleteContext(w.root);
  assert.equal(w.host.metric('umbra_chaos_active'), 0, 'told though the root has no tick any more');
  assert.equal(w.host.metric('umbra_chaos_injected_delay'), 1);
});

test('an answer that begins before the request has ended disturbs neither', () => {
  const w = chaos([{ delay: { kind: 'fixed', ms: 5 } }]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/stream', { 'content-type': 'application/grpc' }));
  run(w, [x], 5);
  x.requestBody('one');
  x.responseHeaders(response(200, { 'content-type': 'application/grpc' }));
  x.responseBody('1');
  x.requestBody('two', true);
  x.responseBody('2', true);
  assert.equal(x.request.body, 'onetwo');
  assert.ok(x.request.ended);
  assert.equal(x.response.body, '12');
});

test('what was done is in the log when the stream ends, also where no answer could name it', () => {
  const w = chaos([{ id: 'r', seed: 9, reset: true }]);
  const x = get(w);
  assert.ok(x.reset);
  assert.deepEqual(logged(w), []);
  x.end();
  assert.deepEqual(logged(w), ['2 umbra chaos: r;seed=9;n=0']);
});

test('metrics and lines of the log are told together within 100 ms, with no host call each', () => {
  const w = chaos([
    { id: 'd', delay: { kind: 'fixed', ms: 5 } },
    { id: 'e', seed: 2, share: 0.5, reset: true },
  ]);
  const calls = (name: string) => w.host.count(name);
  const before = calls('proxy_increment_metric');
  for (let i = 0; i < 200; i++) get(w).end();
  assert.ok(calls('proxy_log') > 0 && calls('proxy_log') < 5, 'as often as the lines fill their place');
  assert.equal(calls('proxy_increment_metric'), before);
  w.host.run(100);
  assert.equal(calls('proxy_increment_metric'), before + 3, 'the gauges are at 0 again');
  assert.equal(w.host.metric('umbra_chaos_faulted'), 200);
  assert.ok(!w.host.timers.has(w.root));
  const lines = logged(w);
  assert.equal(lines.length, 200);
  lines.forEach((line, i) => {
    assert.match(line, new RegExp(`^(2 )?umbra chaos: d;seed=0;n=${i};delay=5(, e;seed=2;n=${i})?$`));
  });
});

test('a request that comes lets go what is due, but answers for no other stream', () => {
  const w = chaos([
    { match: { path: '/slow' }, delay: { kind: 'fixed', ms: 50 } },
    { match: { path: '/slow/abort' }, delay: { kind: 'fixed', ms: 60 }, abort: { http: 500 } },
  ]);
  const slow = get(w, '/slow');
  const aborted = get(w, '/slow/abort');
  // The timer is late: Envoy's is as coarse as the kernel's tick.
  w.host.advance(50);
  const next = get(w, '/slow');
  slow.settle();
  assert.ok(!slow.held);
  assert.ok(next.held);
  w.host.advance(10);
  get(w, '/other');
  aborted.settle();
  assert.ok(aborted.held);
  run(w, [aborted], 1);
  assert.match(aborted.response.body, /fault filter abort/);
  run(w, [next], 39);
  assert.ok(!next.held);
});

test('a wall clock that is set is noticed within 100 ms', () => {
  const w = chaos([{ expiresAtMs: START + 10_000, abort: { http: 500 } }]);
  assert.ok(get(w).local);
  w.host.wallMs += 10_000;
  w.host.advance(100);
  assert.equal(get(w).local, undefined);
});
