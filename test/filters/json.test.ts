/** What the filters take for JSON is what JSON.parse does, in both of their readers: that of chaos's spots and the mirror's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chaos, get, serve } from './chaos-world.ts';
import { mirror, pass } from './mirror-world.ts';
import { JSON_TYPE, request, response } from './requests.ts';

/** Every value but the outermost can be doubled, and where there are others the outermost is not drawn. */
const doubling = chaos([{ seed: 1, mutate: { on: 'response', ops: 1, kinds: ['duplicate'] } }]);
const nulling = chaos([{ seed: 1, mutate: { on: 'response', ops: 1, kinds: ['null'] } }]);
const shadowed = mirror();

/** A body as an answer's, one character a byte; what it became. */
function answered(world: typeof doubling, body: string): string {
  const x = get(world);
  serve(x, body);
  x.end();
  return x.response.body;
}

/** What the mirror copied of a body; undefined if it could not read it. */
function copied(body: string): string | undefined {
  const { x, copy } = pass(shadowed, request('POST', '/', JSON_TYPE), body);
  if (copy) shadowed.host.answer(copy, response(200));
  x.end();
  return copy?.body;
}

function parses(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

/** The bytes of a text in UTF-8, one character each. */
const bytes = (text: string) => Buffer.from(text).toString('latin1');

/** A body that holds two values or more, or is no JSON, as both modules are to take it. */
function agree(body: string): void {
  const valid = parses(body);
  assert.equal(answered(doubling, body) !== body, valid, `chaos: ${JSON.stringify(body)}`);
  assert.equal(copied(body) !== undefined, valid, `mirror: ${JSON.stringify(body)}`);
}

// Strings are read eight bytes at a time: what ends or interrupts a run stands at every place of a word, as do the body's end.
const inStrings = ['', '\\"', '\\\\', '\\n', '\\u00e9', 'é', '€', '😀', '\u007f', ' ', '!', '#', '[', ']'].map(bytes);
for (const inside of inStrings) {
  test(`a string with ${JSON.stringify(inside)} at every place of a word ends where it ends`, () => {
    for (let before = 0; before < 17; before++) {
      for (let after = 0; after < 9; after++) {
        const string = `"${'x'.repeat(before)}${inside}${'y'.repeat(after)}"`;
        assert.equal(answered(nulling, `{${string}:1}`), `{${string}:null}`);
        assert.equal(answered(nulling, `[${string}]`), '[null]');
        assert.equal(copied(`[${string}]`), `[${string}]`);
      }
    }
  });
}

const notInStrings = ['\0', '\n', '\x1f', '\\', '\\x', '\\u12', '\\u12g4', '\\ud83', '"', '""'];
for (const inside of notInStrings) {
  test(`a string with ${JSON.stringify(inside)} at any place of a word is none`, () => {
    for (let before = 0; before < 17; before++) {
      for (let after = 0; after < 9; after++) {
        const body = `{"a":["${'x'.repeat(before)}${inside}${'y'.repeat(after)}"],"b":2}`;
        assert.ok(!parses(body));
        agree(body);
      }
    }
  });
}

test('a document that is cut off anywhere is none, whatever lies in memory behind it', () => {
  const whole = bytes('{"key of 12 b":["é€😀\\u00e9",-12.5e+3,true,false,null,{}],"b" : [ ] }');
  for (let length = 1; length <= whole.length; length++) agree(whole.slice(0, length));
});

test('numbers and words are taken as the grammar has them', () => {
  const right = ['0', '-0', '10', '1.5', '0.0', '1e9', '1E+9', '-1.25e-10', 'true', 'false', 'null'];
  const wrong = [
    '-',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e+',
    '0x1',
    '1.e1',
    '--1',
    'tru',
    'truE',
    'falsy',
    'nul',
    'nulls',
    'NaN',
  ];
  for (const value of [...right, ...wrong]) {
    for (const body of [`[0,${value}]`, `{"a":${value},"b":0}`, `[[1],${value}`]) agree(body);
  }
});

test('what is made of pieces of JSON is taken as JSON.parse takes it', () => {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u00e9',
      '"a"',
      '"b":',
      '"b":1',
      '1',
      '-',
      '0',
      '.5',
      'e1',
      'true',
      'null',
    ],
    ...[' ', '\t', '\r\n', '\0', 'é', 'xxxxxxxx', '[]', '{}', '[1,2]', '{"c":[]}'].map(bytes),
  );
  const noise = fc.array(pieces, { maxLength: 12 }).map((all) => all.join(''));
  const value = fc.json({ maxDepth: 4 }).map(bytes);
  fc.assert(
    fc.property(fc.oneof(noise, value), (text) => agree(`[0,${text}]`)),
    { numRuns: 3000 },
  );
});
