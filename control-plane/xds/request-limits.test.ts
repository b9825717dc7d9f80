import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PureStream } from '../../test/xds/pure-stream.ts';
import type { Limits } from './limits.ts';
import { defaultLimits } from './limits.ts';
import { beyondLimits } from './request-limits.ts';
import { StreamState } from './stream-state.ts';
import type { WireRequest } from './wire-request.ts';

const limits: Limits = { ...defaultLimits, types: 2, names: 4, namesLength: 20, nameLength: 8 };
const options = { ttl: false, patienceMs: 1000, aggregated: true };

function request(more: Partial<WireRequest>): WireRequest {
  return {
    node: undefined,
    typeUrl: '',
    version: '',
    nonce: '',
    error: undefined,
    names: [],
    unsubscribe: [],
    initialVersions: new Map(),
    ...more,
  };
}

/** A stream that asks for these names of `t/A`. */
function asking(protocol: 'sotw' | 'delta', ...names: string[]): StreamState {
  const state = new StreamState(protocol, options);
  if (protocol === 'sotw') state.onSotw('t/A', { names, version: '', nonce: '', error: undefined });
  else
    state.onDelta('t/A', {
      subscribe: names,
      unsubscribe: [],
      initialVersions: new Map(),
      nonce: '',
      error: undefined,
    });
  return state;
}

const kept = (...names: string[]) => ({ initialVersions: new Map(names.map((n) => [n, '1'])) });

/** A delta stream that has these names of `t/A` from earlier. */
function bringing(...names: string[]): StreamState {
  const state = new StreamState('delta', options);
  state.onDelta('t/A', { subscribe: [], unsubscribe: [], ...kept(...names), nonce: '', error: undefined });
  return state;
}

test('what a request adds is counted, once', () => {
  const table: [string, StreamState, string, Partial<WireRequest>, RegExp | undefined][] = [
    ['for what delta asks for there is room', asking('delta', 'a', 'b', 'c'), 't/A', { names: ['d', 'e'] }, undefined],
    ['sotw replaces', asking('sotw', 'a', 'b', 'c'), 't/A', { names: ['d', 'e', 'f', 'g'] }, undefined],
    ['sotw replaces by too many', asking('sotw', 'a'), 't/A', { names: ['d', 'e', 'f', 'g', 'h'] }, /4 names/],
    ['sotw of another type', asking('sotw', 'a', 'b', 'c'), 't/B', { names: ['a', 'b'] }, /4 names/],
    ['too many kept from earlier', asking('delta'), 't/A', kept('a', 'b', 'c', 'd', 'e'), /4 names/],
    ['what was brought for another type counts', bringing('a', 'b', 'c'), 't/B', kept('a', 'b'), /4 names/],
    [
      'asked for and brought is one',
      asking('delta'),
      't/B',
      { names: ['a', 'b', 'c'], ...kept('a', 'b', 'c') },
      undefined,
    ],
    [
      'versions count',
      asking('delta'),
      't/B',
      {
        initialVersions: new Map([
          ['a', 'x'.repeat(8)],
          ['b', 'x'.repeat(8)],
          ['c', 'xx'],
        ]),
      },
      /20 characters/,
    ],
    ['a version too long', asking('delta'), 't/B', { initialVersions: new Map([['a', 'x'.repeat(9)]]) }, /too long/],
    ['too long', asking('sotw'), 't/A', { names: ['x'.repeat(9)] }, /too long/],
    ['too long to be kept', asking('delta'), 't/A', { initialVersions: new Map([['x'.repeat(9), '1']]) }, /too long/],
    ['all as long as may be', asking('sotw', 'aaaaaaaa'), 't/B', { names: ['bbbbbbbb', 'cccc'] }, undefined],
    ['too much in all', asking('sotw', 'aaaaaaaa'), 't/B', { names: ['bbbbbbbb', 'ccccc'] }, /20 characters/],
    ['too long a type', asking('delta'), 't/TooLong12', {}, /type URL/],
    ['a second type', asking('delta'), 't/B', {}, undefined],
  ];
  for (const [name, state, typeUrl, more, expected] of table) {
    const said = beyondLimits(request(more), typeUrl, state, limits);
    if (expected) assert.match(said ?? '', expected, name);
    else assert.equal(said, undefined, name);
  }
  const full = asking('delta');
  full.onDelta('t/B', { subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: '', error: undefined });
  assert.match(beyondLimits(request({}), 't/C', full, limits) ?? '', /2 types/);
});

test('what is let go of under the wildcard counts until it is answered', () => {
  const s = new PureStream('delta').want('t/A', []);
  const letGo = (...names: string[]) => {
    const said = beyondLimits(request({ names, unsubscribe: names }), 't/A', s.state, limits);
    s.subscribe('t/A', names, names);
    return said;
  };
  s.subscribe('t/A', ['*']);
  assert.equal(letGo('a', 'b', 'c'), undefined);
  assert.deepEqual(s.answers(), ['t/A -a -b -c']);
  assert.equal(letGo('d', 'e', 'f'), undefined);
  assert.equal(letGo('g', 'h', 'i'), undefined);
  assert.match(letGo('j') ?? '', /4 names/);
});
