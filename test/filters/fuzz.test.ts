/**
 * Anything, in any order: no trap, nothing left behind, memory that does not grow; production's bytes untouched by mirror.
 * A longer run: `npm run fuzz -- filters --minutes 30`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FilterRole, isFixedHeader, mutationKinds } from '../../filters/config.ts';
import { fuzzBounds } from '../fuzz-bounds.ts';
import { Exchange } from './exchange.ts';
import { chaosConfig, mirrorConfig, requestHeaders, steps } from './fuzz-arbitraries.ts';
import { FuzzWorld } from './fuzz-run.ts';
import { FilterHost, type Headers } from './harness.ts';
import { headerOf, JSON_TYPE, request, response } from './requests.ts';

const now = 1_700_000_000_000;

/** Properties that share the minutes asked for. */
const PROPERTIES = 6;
const bounds = (numRuns: number) => fuzzBounds(numRuns, PROPERTIES);
const configs: Record<FilterRole, fc.Arbitrary<object>> = { mirror: mirrorConfig, chaos: chaosConfig(now) };

for (const role of ['mirror', 'chaos'] as const) {
  test(`${role}: whatever comes`, () => {
    const world = new FuzzWorld(role);
    fc.assert(
      fc.property(fc.array(configs[role], { minLength: 1, maxLength: 3 }), steps, (c, s) => {
        world.host.wallMs = now;
        world.run(c, s);
      }),
      bounds(400),
    );
  });

  test(`${role}: the same again takes no more memory`, () => {
    const world = new FuzzWorld(role);
    const samples = fc.sample(fc.tuple(fc.array(configs[role], { minLength: 1, maxLength: 3 }), steps), {
      numRuns: 60,
      seed: 11,
    });
    const all = () => {
      for (const [c, s] of samples) {
        world.host.wallMs = now;
        world.run(c, s);
      }
    };
    // Which blocks free lists hand out shifts a little at first; then it must stand still.
    for (let i = 0; i < 5; i++) all();
    const size = world.host.size;
    for (let i = 0; i < 10; i++) all();
    assert.ok(world.host.size <= size + 65_536, `${size} → ${world.host.size}`);
  });
}

test('mutation: whatever the document, the kinds and the seed, JSON stays JSON and its length is told', () => {
  const host = new FilterHost('chaos', { wallMs: now });
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 6 }),
      fc.nat(),
      fc.integer({ min: 1, max: 64 }),
      fc.subarray([...mutationKinds], { minLength: 1 }),
      fc.integer({ min: 1, max: 50 }),
      (document, seed, ops, kinds, chunk) => {
        const root = host.configure({
          generation: 1,
          faults: [{ id: 'm', expiresAtMs: now + 1, seed, mutate: { on: 'response', ops, kinds } }],
        });
        assert.ok(root);
        const x = new Exchange(host, root);
        x.requestHeaders(request('GET', '/'), true);
        const bytes = Buffer.from(document).toString('latin1');
        x.responseHeaders(response(200, { ...JSON_TYPE, 'content-length': String(bytes.length) }));
        for (let at = 0; at < bytes.length; at += chunk)
          x.responseBody(bytes.slice(at, at + chunk), at + chunk >= bytes.length);
        x.end();
        host.deleteContext(root);
        assert.equal(headerOf(x.response.headers, 'content-length'), String(x.response.body.length));
        const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(x.response.body, 'latin1'));
        JSON.parse(text);
      },
    ),
    bounds(3000),
  );
});

test('chaos: the same configuration and the same steps do the same', () => {
  fc.assert(
    fc.property(configs.chaos, steps, (c, s) => {
      const [first, second] = [0, 1].map(() => {
        const world = new FuzzWorld('chaos');
        world.host.wallMs = now;
        return world.run([c], s);
      });
      assert.deepEqual(second, first);
    }),
    bounds(60),
  );
});

test('mutation: whatever the head, what frames and routes it stays, and it stays one', () => {
  const host = new FilterHost('chaos', { wallMs: now });
  fc.assert(
    fc.property(
      requestHeaders,
      fc.nat(),
      fc.integer({ min: 1, max: 64 }),
      fc.subarray([...mutationKinds], { minLength: 1 }),
      fc.boolean(),
      (given, seed, ops, kinds, raw) => {
        // Envoy lets no control character into a header.
        const headers: Headers = given.map(([name, value]) => [name, value.replace(/[\0\r\n]/g, '')]);
        const root = host.configure({
          generation: 1,
          faults: [
            {
              id: 'm',
              expiresAtMs: now + 1,
              seed,
              mutate: { on: 'request', ops, kinds, raw, parts: ['query', 'headers'] },
            },
          ],
        });
        assert.ok(root);
        const x = new Exchange(host, root);
        x.requestHeaders(headers, true);
        x.end();
        host.deleteContext(root);
        const after = x.request.headers!;
        const fixed = (all: Headers) => all.filter(([name]) => isFixedHeader(name) && name !== ':path');
        assert.deepEqual(fixed(after), fixed(headers));
        const names = new Set(headers.map(([name]) => name));
        for (const [name, value] of after) {
          assert.ok(names.has(name), name);
          assert.doesNotMatch(value, /[\0\r\n]/);
        }
        const path = (all: Headers) => headerOf(all, ':path')!.split('?')[0];
        assert.equal(path(after), path(headers));
      },
    ),
    bounds(2000),
  );
});

test('redaction: a secret put anywhere in a request does not reach the shadow', () => {
  const host = new FilterHost('mirror');
  const root = host.configure({
    generation: 1,
    cluster: 'shadow',
    percent: 100,
    pseudonymKey: '0'.repeat(32),
    redact: { emails: true },
  });
  assert.ok(root);
  const secret = fc.constantFrom(
    '4111 1111 1111 1111',
    '5500-0000-0000-0004',
    '378282246310005',
    'Bearer s3cr3t-s3cr3t-s3cr3t',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2lnbmF0dXJl',
    'joe.doe@mail.example.org',
  );
  let copies = 0;
  const around = fc.constantFrom('', ' ', '"', ', ', '(', '): ', 'é ', 'a ', ' 12 ');
  const place = fc.constantFrom(
    'path',
    'query',
    'header',
    'cookie',
    'referer',
    'trailer',
    'json',
    'json-escaped',
    'json-key',
    'form',
    'form-name',
    'matrix',
    'uri',
    'lines',
    'text',
  );
  fc.assert(
    fc.property(
      secret,
      around,
      around,
      place,
      fc.integer({ min: 1, max: 40 }),
      (value, before, behind, where, chunk) => {
        const text = before + value + behind;
        const bytes = Buffer.from(text).toString('latin1');
        const encoded = encodeURIComponent(text);
        const headers: Record<string, string> = {};
        let path = '/x';
        let sent = '';
        let trailers: Headers | undefined;
        if (where === 'path') path = `/a/${encoded}/b`;
        else if (where === 'query') path = `/a?q=${encoded}`;
        else if (where === 'header') headers['x-note'] = bytes;
        else if (where === 'cookie') headers.cookie = `a=1; n=${encoded}`;
        else if (where === 'referer') headers.referer = `http://shop.example/a/${encoded}?q=${encoded}`;
        else if (where === 'matrix') path = `/a;q=${encoded}/b?c=1;d=${encoded}`;
        else if (where === 'uri') headers['x-original-uri'] = `/a/${encoded}?q=${encoded}`;
        else if (where === 'form-name') {
          headers['content-type'] = 'application/x-www-form-urlencoded';
          sent = `a=b&${encoded}=c`;
        } else if (where === 'lines') {
          headers['content-type'] = 'text/plain';
          sent = Buffer.from(`{"a":1}\n${JSON.stringify({ note: text })}\n`).toString('latin1');
        } else if (where === 'form') {
          headers['content-type'] = 'application/x-www-form-urlencoded';
          sent = `a=b&c=${encoded}`;
        } else if (where === 'text') {
          headers['content-type'] = 'text/plain';
          sent = bytes;
        } else {
          headers['content-type'] = 'application/json';
          const literal = JSON.stringify(where === 'json-key' ? { [text]: 1 } : { note: [text] });
          sent =
            where === 'json-escaped'
              ? literal.replace(/[ -~](?=[^[]*\])/g, (c) =>
                  /[0-9@.]/.test(c) ? `\\u00${c.charCodeAt(0).toString(16)}` : c,
                )
              : literal;
          sent = Buffer.from(sent).toString('latin1');
          if (where === 'trailer') trailers = [['x-note', bytes]];
        }
        const x = new Exchange(host, root);
        x.requestHeaders(request('POST', path, headers), sent === '');
        for (let at = 0; at < sent.length; at += chunk)
          x.requestBody(sent.slice(at, at + chunk), !trailers && at + chunk >= sent.length);
        if (trailers) x.requestTrailers(trailers);
        const [copy] = host.httpCalls;
        x.end();
        if (!copy) return;
        copies++;
        host.answer(copy, response(200));
        const seen = JSON.stringify([copy.headers, copy.body, copy.trailers]);
        const plain = `${seen}${unescaped(seen)}`;
        const core = value.replace(/^Bearer /, '');
        assert.ok(!plain.includes(core), `${where}: ${seen}`);
        assert.ok(!plain.replace(/[ -]/g, '').includes(core.replace(/[ -]/g, '')), `${where}: ${seen}`);
      },
    ),
    bounds(3000),
  );
  assert.ok(copies > 500, `only ${copies} copies were looked at`);
});

/** With percent and JSON escapes undone, as far as they go. */
function unescaped(text: string): string {
  return text
    .replace(/\\+u00([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(Number.parseInt(h, 16)))
    .replace(/%([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(Number.parseInt(h, 16)));
}
