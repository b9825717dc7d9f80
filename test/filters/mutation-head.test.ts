/** Mutation of queries and headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFixedHeader, type Mutate, type MutationKind } from '../../filters/config.ts';
import { chaos, counted, logged } from './chaos-world.ts';
import { Exchange } from './exchange.ts';
import type { Headers } from './harness.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

/** One request through the filter; what the service got and the fault's name. */
function sent(mutate: Partial<Mutate>, seed: number, path: string, headers: Record<string, string> = {}) {
  const w = chaos([{ id: 'm', seed, mutate: { on: 'request', ops: 1, ...mutate } }]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('GET', path, headers), true);
  x.responseHeaders(response(200), true);
  x.end();
  return {
    headers: x.request.headers!,
    path: headerOf(x.request.headers, ':path')!,
    fault: headerOf(x.response.headers, 'x-umbra-fault')!,
    metric: (name: string) => counted(w, name),
  };
}

/** All that one operation makes of a query, over many seeds. */
function queries(kind: MutationKind, query: string): string[] {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++)
    seen.add(sent({ parts: ['query'], kinds: [kind] }, seed, `/a?${query}`).path.slice(3));
  return [...seen].sort();
}

const examples: [MutationKind, string, string[] | RegExp][] = [
  ['drop', 'a=1&b=2&c=3', ['a=1&b=2', 'a=1&c=3', 'b=2&c=3']],
  ['duplicate', 'a=1&b=2', ['a=1&a=1&b=2', 'a=1&b=2&b=2']],
  ['swap', 'a=1&b=2', ['a=2&b=1']],
  ['null', 'a=1&b=2', ['a=&b=2', 'a=1&b=']],
  ['number-jitter', 'a=100', /^a=(?!100$)\d+$/],
  ['number-jitter', 'a=9.95', /^a=(?!9\.95$)\d+(\.\d+)?$/],
  ['boundary', 'a=7', /^a=-?\d/],
  ['boundary', 'a=x', ['a=', `a=${'A'.repeat(1024)}`]],
  ['string-edit', 'a=%20', /^a=([a-z]|[a-z]?%20[a-z]?|)$/],
];
for (const [kind, before, after] of examples) {
  test(`${kind} of the query ${before}`, () => {
    const seen = queries(kind, before);
    if (after instanceof RegExp) for (const query of seen) assert.match(query, after);
    else assert.deepEqual(seen, [...after].sort());
  });
}

test('the rest of the path stays, and the fault is named and counted', () => {
  const s = sent({ parts: ['query'], kinds: ['null'] }, 3, '/a/b?x=1');
  assert.equal(s.path, '/a/b?x=');
  assert.equal(s.fault, 'm;seed=3;n=0;query=null:1');
  assert.equal(s.metric('mutated_query'), 1);
  assert.equal(s.metric('mutated_null'), 1);
  assert.equal(s.metric('mutated'), 0);
});

test('without a query, with an empty one and without a field in it nothing is done', () => {
  for (const path of ['/a', '/a?', '/a?b', '/']) {
    const s = sent({ parts: ['query'] }, 1, path);
    assert.equal(s.path, path);
    assert.equal(s.fault, 'm;seed=1;n=0');
    assert.equal(s.metric('mutate_no_fit'), 1);
  }
});

test('a corrupted head stays one: printable, no blank, nothing that ends a path', () => {
  let changed = 0;
  for (let seed = 0; seed < 200; seed++) {
    const s = sent({ parts: ['query', 'headers'], ops: 8, raw: true }, seed, '/a?b=c%20d&e=0123', {
      'x-a': 'one two',
      accept: '*/*',
    });
    assert.match(s.path, /^\/a\?[!-"$-~]*$/);
    for (const [, value] of s.headers) assert.match(value, /^[ -~]*$/);
    if (s.path !== '/a?b=c%20d&e=0123') changed++;
  }
  assert.ok(changed > 190, String(changed));
});

const untouchable: Record<string, string> = {
  host: 'h',
  te: 'trailers',
  connection: 'close',
  expect: '100-continue',
  upgrade: 'u',
  trailer: 't',
  'keep-alive': '1',
  'proxy-connection': 'p',
  'content-length': '0',
  'transfer-encoding': 'chunked',
  'x-umbra-caller': 'cart',
  'x-envoy-attempt-count': '1',
};

test('what frames or routes a message is never changed', () => {
  for (const name of Object.keys(untouchable)) assert.ok(isFixedHeader(name), name);
  const before = request('GET', '/a?b=1', untouchable);
  for (let seed = 0; seed < 20; seed++) {
    const s = sent({ parts: ['headers'], ops: 8, raw: true }, seed, '/a?b=1', untouchable);
    assert.deepEqual(s.headers, before);
    assert.equal(s.metric('mutate_no_fit'), 1);
  }
});

/** All that one operation makes of two headers, the others left out. */
function headersAfter(mutate: Partial<Mutate>, given: Headers): string[] {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const w = chaos([{ seed, mutate: { on: 'response', ops: 1, parts: ['headers'], ...mutate } }]);
    const x = new Exchange(w.host, w.root);
    x.requestHeaders(request('GET', '/'), true);
    x.responseHeaders([[':status', '200'], ...given], true);
    const rest = x.response.headers!.filter(([name]) => name !== ':status' && name !== 'x-umbra-fault');
    seen.add(rest.map(([name, value]) => `${name}: ${value}`).join('|'));
    x.end();
  }
  return [...seen].sort();
}

const two: Headers = [
  ['x-a', '1'],
  ['x-b', 'two'],
];
const headerExamples: [MutationKind, Headers, string[]][] = [
  ['drop', two, ['x-a: 1', 'x-b: two']],
  ['duplicate', two, ['x-a: 1|x-b: two|x-b: two', 'x-b: two|x-a: 1|x-a: 1']],
  ['swap', two, ['x-a: two|x-b: 1']],
  ['null', two, ['x-a: 1|x-b: ', 'x-b: two|x-a: ']],
  // Those of one name keep their order.
  [
    'drop',
    [
      ['set-cookie', 'a=1'],
      ['x', 'y'],
      ['set-cookie', 'b=2'],
    ],
    ['set-cookie: a=1|set-cookie: b=2', 'x: y|set-cookie: a=1', 'x: y|set-cookie: b=2'],
  ],
];
for (const [kind, given, after] of headerExamples) {
  test(`${kind} of ${given.map(([name]) => name).join()}`, () => {
    assert.deepEqual(headersAfter({ kinds: [kind] }, given), [...after].sort());
  });
}

test('only the headers that are named', () => {
  assert.deepEqual(headersAfter({ kinds: ['null'], headers: ['x-b'] }, two), ['x-a: 1|x-b: ']);
  assert.deepEqual(headersAfter({ kinds: ['null'], headers: ['x-c'] }, two), ['x-a: 1|x-b: two']);
});

test('body, query and headers of one request, each by its own seed', () => {
  const w = chaos([
    {
      id: 'm',
      seed: 4,
      mutate: { on: 'request', ops: 1, kinds: ['null'], parts: ['body', 'query', 'headers'], headers: ['x-a'] },
    },
  ]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('POST', '/?q=1', { ...JSON_TYPE, 'content-length': '7', 'x-a': 'b' }));
  assert.equal(x.request.headers, undefined, 'they wait for the body');
  x.requestBody('{"a":1}', true);
  assert.equal(x.request.body, '{"a":null}');
  assert.equal(headerOf(x.request.headers, ':path'), '/?q=');
  assert.equal(headerOf(x.request.headers, 'x-a'), '');
  assert.equal(headerOf(x.request.headers, 'content-length'), '10');
  x.responseHeaders(response(200), true);
  assert.equal(headerOf(x.response.headers, 'x-umbra-fault'), 'm;seed=4;n=0;ops=null:1;query=null:1;headers=null:1');
});

test('several faults name their own operations', () => {
  const w = chaos([
    { seed: 1, mutate: { on: 'request', ops: 1, kinds: ['null'], parts: ['query'] } },
    { seed: 2, mutate: { on: 'response', ops: 1, kinds: ['null'] } },
  ]);
  const x = new Exchange(w.host, w.root);
  x.requestHeaders(request('GET', '/?q=1'), true);
  x.responseHeaders(response(200, JSON_TYPE));
  x.responseBody('[1]', true);
  assert.equal(headerOf(x.response.headers, 'x-umbra-fault'), 'f0;seed=1;n=0;query=null:1, f1;seed=2;n=0;ops=null:1');
  x.end();
  assert.match(logged(w).join(), /umbra chaos: f0;seed=1;n=0;query=null:1, f1;seed=2;n=0;ops=null:1$/);
});
