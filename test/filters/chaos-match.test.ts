import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Match } from '../../filters/config.ts';
import { chaos, get } from './chaos-world.ts';
import { Exchange } from './exchange.ts';
import { request } from './requests.ts';

const matches: [Match, string, string, Record<string, string>, boolean][] = [
  [{ method: 'POST' }, 'POST', '/', {}, true],
  [{ method: 'POST' }, 'GET', '/', {}, false],
  [{ pathPrefix: '/a' }, 'GET', '/a/b', {}, true],
  [{ pathPrefix: '/a' }, 'GET', '/b', {}, false],
  [{ caller: 'cart' }, 'GET', '/', { 'x-umbra-caller': 'cart' }, true],
  [{ caller: 'cart' }, 'GET', '/', { 'x-umbra-caller': 'carts' }, false],
  [{ caller: 'cart' }, 'GET', '/', {}, false],
  [{ header: { name: 'x-a' } }, 'GET', '/', { 'x-a': '' }, true],
  [{ header: { name: 'x-a', value: '1' } }, 'GET', '/', { 'x-a': '1' }, true],
  [{ header: { name: 'x-a', value: '1' } }, 'GET', '/', { 'x-a': '2' }, false],
  [{ method: 'GET', pathPrefix: '/a', caller: 'c' }, 'GET', '/a', { 'x-umbra-caller': 'c' }, true],
  [{ authority: 'shop.example' }, 'GET', '/', {}, true],
  [{ authority: 'shop.example' }, 'GET', '/', { ':authority': 'shop.example:8080' }, true],
  [{ authority: 'shop' }, 'GET', '/', {}, false],
  [{ authority: 'shop.example' }, 'GET', '/', { ':authority': 'shop.example.org' }, false],
  [{ pathPrefix: '/a', path: '/**/c' }, 'GET', '/a/b/c?d', {}, true],
  [{ pathPrefix: '/x', path: '/**/c' }, 'GET', '/a/b/c', {}, false],
];
for (const [match, method, path, headers, hit] of matches) {
  test(`match ${JSON.stringify(match)}: ${method} ${path} ${JSON.stringify(headers)} ${hit ? 'is' : 'is not'} hit`, () => {
    const w = chaos([{ match, abort: { http: 500 } }]);
    const x = new Exchange(w.host, w.root);
    const own = request(method, path, headers).filter(([name], i) => i > 3 || !(name in headers));
    x.requestHeaders(own, true);
    assert.equal(x.local !== undefined, hit);
  });
}

const patterns: [pattern: string, path: string, hit: boolean][] = [
  ['/', '/', true],
  ['/', '/a', false],
  ['/orders/*', '/orders/17', true],
  ['/orders/*', '/orders/', true],
  ['/orders/*', '/orders/17/lines', false],
  ['/orders/*', '/orders/17?lines=1/2', true],
  ['/orders/*/lines', '/orders/17/lines', true],
  ['/orders/*/lines', '/orders/17/18/lines', false],
  ['/orders/*/lines/*', '/orders/17/lines/3', true],
  ['/a*c/d', '/abbbc/d', true],
  ['/a*c/d', '/abbb/c/d', false],
  ['/*x*/b', '/1x2x3/b', true],
  ['/**', '/', true],
  ['/**', '/any/thing', true],
  ['/**.js', '/a/b/app.js', true],
  ['/**.js', '/a/b/app.js.map', false],
  ['/a/**/z', '/a/b/c/z', true],
  ['/a/**/z', '/a/z', false],
  ['/a/**/*.js', '/a/b/c/d.js', true],
  ['/a/**/*.js', '/a/b/c.js/d', false],
  ['/**/b/**/d*', '/a/b/c/b/x/dd', true],
  ['/**/b/**/d*', '/a/b/c/x/d/e', false],
  ['/*', '/%2F', true],
];
for (const [path, given, hit] of patterns) {
  test(`the pattern ${path} ${hit ? 'fits' : 'does not fit'} ${given}`, () => {
    const w = chaos([{ match: { path }, abort: { http: 500 } }]);
    assert.equal(get(w, given).local !== undefined, hit);
  });
}

/** The same by a regular expression: what a pattern means, written another way. */
function asRegExp(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((p) => (p === '**' ? '.*' : p === '*' ? '[^/]*' : p));
  return new RegExp(`^${parts.join('')}$`);
}

test('patterns of all short combinations mean what their regular expressions do', () => {
  const pieces = ['a', '/', '*', '**'];
  const all = pieces.flatMap((a) =>
    pieces.flatMap((b) => pieces.flatMap((c) => pieces.map((d) => `/${a}${b}${c}${d}`))),
  );
  const paths = ['/', '/a', '//', '/aa', '/a/a', '/aaaa', '/a/aa/', '//a/a', '/a//', '/aa/a/aa'];
  for (const path of all.filter((p) => !p.includes('***'))) {
    const w = chaos([{ match: { path }, abort: { http: 500 } }]);
    for (const given of paths) {
      const x = get(w, given);
      assert.equal(x.local !== undefined, asRegExp(path).test(given), `${path} ${given}`);
      x.end();
    }
    w.host.deleteContext(w.root);
  }
});

test('a header that many faults name is read once', () => {
  const none = chaos(
    Array.from({ length: 20 }, (_, i) => ({ match: { path: `/${i}`, caller: `c${i}`, method: 'GET' } })),
  );
  const before = none.host.count('proxy_get_header_map_value');
  get(none, '/x').end();
  assert.equal(none.host.count('proxy_get_header_map_value') - before, 2);
});
