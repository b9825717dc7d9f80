import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mutate, type MutationKind, mutationKinds } from '../../filters/config.ts';
import { Exchange } from './exchange.ts';
import { FilterHost } from './harness.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

const START = 1_700_000_000_000;
const document =
  '{"id": 42, "name": "Zoë \\"x\\" \\u00e9", "price": 9.95, "tags": ["a", "b"], "in": {"stock": true, "note": null}}';
/** As bytes: one character a byte. */
const DOCUMENT = Buffer.from(document).toString('latin1');

function host(mutate: Mutate, seed: number, maxBodyBytes = 262_144) {
  const h = new FilterHost('chaos', { wallMs: START });
  const root = h.configure({
    generation: 1,
    maxBodyBytes,
    faults: [{ id: 'm', expiresAtMs: START + 1000, seed, mutate }],
  });
  assert.ok(root);
  return { h, root };
}

/** One answer's body through the filter, in chunks. */
function mutateAnswer(
  mutate: Mutate,
  seed: number,
  body: string,
  headers: Record<string, string> = JSON_TYPE,
  chunk = 1e9,
) {
  const { h, root } = host(mutate, seed);
  const x = new Exchange(h, root);
  x.requestHeaders(request('GET', '/'), true);
  x.responseHeaders(response(200, { ...headers, 'content-length': String(body.length) }));
  for (let at = 0; at < body.length; at += chunk) x.responseBody(body.slice(at, at + chunk), at + chunk >= body.length);
  const fault = headerOf(x.response.headers, 'x-umbra-fault') ?? '';
  assert.equal(headerOf(x.response.headers, 'content-length'), String(x.response.body.length));
  x.end();
  h.tick(root);
  assert.equal(h.metric('umbra_chaos_active'), 0);
  return { body: x.response.body, fault, h };
}

test('the same seed mutates the same, whatever the chunks; another seed otherwise', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const once = mutateAnswer({ on: 'response', ops: 3 }, seed, DOCUMENT);
    assert.equal(mutateAnswer({ on: 'response', ops: 3 }, seed, DOCUMENT, JSON_TYPE, 7).body, once.body);
    assert.match(once.fault, new RegExp(`^m;seed=${seed};n=0;ops=[a-z+-]+:\\d$`));
    seen.add(once.body);
  }
  assert.ok(seen.size > 25, String(seen.size));
});

for (const kind of mutationKinds) {
  test(`${kind}: JSON stays JSON, and changes`, () => {
    let changed = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { body, fault, h } = mutateAnswer({ on: 'response', ops: 2, kinds: [kind] }, seed, DOCUMENT);
      const text = Buffer.from(body, 'latin1').toString();
      assert.doesNotThrow(() => JSON.parse(text), text);
      assert.equal(Buffer.from(text).toString('latin1'), body, 'UTF-8 stays UTF-8');
      if (body !== DOCUMENT) {
        changed++;
        assert.match(fault, new RegExp(`ops=${kind}:[12]$`));
        assert.ok(h.metric(`umbra_chaos_mutated_${kind.replaceAll('-', '_')}`) > 0);
      }
    }
    assert.ok(changed > 90, String(changed));
  });
}

/** What one operation of a kind does to a small document. */
const examples: [MutationKind, string, RegExp][] = [
  ['null', '{"a":1}', /^\{"a":null\}$/],
  ['drop', '{"a":1}', /^\{\}$/],
  ['drop', '[1]', /^\[\]$/],
  ['duplicate', '{"a":1}', /^\{"a":1,"a":1\}$/],
  ['swap', '{"a":1,"b":"x"}', /^\{"a":"x","b":1\}$/],
  ['type-change', '{"a":1}', /^\{"a":"1"\}$/],
  ['type-change', '{"a":"x"}', /^\{"a":(0|\[\])\}$/],
  ['number-jitter', '{"a":100}', /^\{"a":(?!100\})\d+\}$/],
  ['number-jitter', '{"a":0}', /^\{"a":-?1\}$/],
  ['boundary', '{"a":true,"b":[1,2]}', /./],
];
for (const [kind, before, after] of examples) {
  test(`${kind} of ${before}`, () => {
    for (let seed = 0; seed < 20; seed++)
      assert.match(mutateAnswer({ on: 'response', ops: 1, kinds: [kind] }, seed, before).body, after);
  });
}

test('dropping the first, a middle and the last member', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++)
    seen.add(mutateAnswer({ on: 'response', ops: 1, kinds: ['drop'] }, seed, '{"a":1 , "b":2,"c":3}').body);
  assert.deepEqual([...seen].sort(), ['{ "b":2,"c":3}', '{"a":1 , "b":2}', '{"a":1 ,"c":3}']);
});

test('forms and plain text', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const { body } = mutateAnswer({ on: 'response', ops: 1 }, seed, 'a=1&b=two&c=%20', form);
    seen.add(body);
  }
  assert.ok(seen.size > 20, String(seen.size));
  assert.ok([...seen].every((b) => b.split('&').every((f) => f === '' || f.includes('='))));
  assert.notEqual(
    mutateAnswer({ on: 'response', ops: 1, kinds: ['string-edit'] }, 1, 'hello', { 'content-type': 'text/plain' }).body,
    'hello',
  );
});

test('raw corruption flips bytes of anything, and only bytes', () => {
  const before = '\u0000\u0001\u00ff'.repeat(50);
  const { body, fault } = mutateAnswer({ on: 'response', ops: 4, raw: true }, 5, before, {
    'content-type': 'application/octet-stream',
  });
  assert.equal(body.length, before.length);
  assert.notEqual(body, before);
  assert.match(fault, /ops=raw:4$/);
});

/** Bodies that must pass byte for byte. */
const untouched: [string, Record<string, string>, string, string][] = [
  ['an unknown type', { 'content-type': 'image/png' }, 'x', 'mutate_no_fit'],
  ['an encoded body', { ...JSON_TYPE, 'content-encoding': 'gzip' }, '{"a":1}', 'mutate_no_fit'],
  ['what is called JSON and is none', JSON_TYPE, '{"a":', 'mutate_no_fit'],
  ['no type', {}, '{"a":1}', 'mutate_no_fit'],
  ['a body that is too large', JSON_TYPE, `"${'x'.repeat(300_000)}"`, 'mutate_too_large'],
  ['a body nested too deep', JSON_TYPE, '['.repeat(10_000) + ']'.repeat(10_000), 'mutate_no_fit'],
];
for (const [what, headers, body, reason] of untouched) {
  for (const declared of [true, false]) {
    test(`${what} passes untouched${declared ? '' : ', its length undeclared'}`, () => {
      const { h, root } = host({ on: 'response', ops: 2 }, 1);
      const x = new Exchange(h, root);
      x.requestHeaders(request('GET', '/'), true);
      x.responseHeaders(response(200, declared ? { ...headers, 'content-length': String(body.length) } : headers));
      for (let at = 0; at < body.length; at += 60_000)
        x.responseBody(body.slice(at, at + 60_000), at + 60_000 >= body.length);
      assert.ok(x.response.ended);
      assert.equal(x.response.body.length, body.length);
      assert.ok(x.response.body === body);
      h.tick(root);
      assert.equal(h.metric(`umbra_chaos_${reason}`), 1);
      assert.equal(h.metric('umbra_chaos_mutated'), 0);
    });
  }
}

test('a mutated answer takes five host calls', () => {
  const { h, root } = host({ on: 'response', ops: 1, kinds: ['null'] }, 1);
  const x = new Exchange(h, root);
  x.requestHeaders(request('GET', '/'), true);
  const before = h.count();
  x.responseHeaders(response(200, { ...JSON_TYPE, 'content-length': '7' }));
  x.responseBody('{"a":1}', true);
  assert.equal(x.response.body, '{"a":null}');
  assert.equal(headerOf(x.response.headers, 'content-length'), '10');
  assert.equal(h.count('proxy_get_header_map_value'), 0, 'all headers are read at once');
  assert.equal(h.count() - before, 5, 'the headers, the body, and what is put in their place');
});

test('an empty part before the body is not taken for all of it', () => {
  const { h, root } = host({ on: 'response', ops: 1, kinds: ['null'] }, 1);
  const x = new Exchange(h, root);
  x.requestHeaders(request('GET', '/'), true);
  x.responseHeaders(response(200, JSON_TYPE));
  x.responseBody('');
  x.responseBody('{"a":1}', true);
  assert.equal(x.response.body, '{"a":null}');
});

test('a request is mutated before the service sees it, with trailers as well', () => {
  for (const trailers of [false, true]) {
    const { h, root } = host({ on: 'request', ops: 1, kinds: ['null'] }, 1);
    const x = new Exchange(h, root);
    x.requestHeaders(request('POST', '/', { ...JSON_TYPE, 'content-length': '7' }));
    assert.equal(x.request.headers, undefined);
    x.requestBody('{"a"');
    x.requestBody(':1}', !trailers);
    if (trailers) x.requestTrailers([['x-t', '1']]);
    assert.equal(x.request.body, '{"a":null}');
    assert.equal(headerOf(x.request.headers, 'content-length'), '10');
    assert.deepEqual(x.request.trailers, trailers ? [['x-t', '1']] : undefined);
    assert.ok(x.request.ended);
    x.responseHeaders(response(200), true);
    assert.equal(headerOf(x.response.headers, 'x-umbra-fault'), 'm;seed=1;n=0;ops=null:1');
  }
});

test('an answer with trailers, and one without a body', () => {
  const { h, root } = host({ on: 'response', ops: 1, kinds: ['null'] }, 1);
  const x = new Exchange(h, root);
  x.requestHeaders(request('GET', '/'), true);
  x.responseHeaders(response(200, JSON_TYPE));
  x.responseBody('{"a":1}');
  x.responseTrailers([['x-t', '1']]);
  assert.equal(x.response.body, '{"a":null}');
  assert.deepEqual(x.response.trailers, [['x-t', '1']]);
  const y = new Exchange(h, root);
  y.requestHeaders(request('GET', '/'), true);
  y.responseHeaders(response(204, JSON_TYPE), true);
  assert.ok(y.response.ended);
});
