import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTextProblem, problemsIn } from './config-text.ts';

const good = `{
  "generation": 1,
  "faults": [
    {
      "id": "a",
      "expiresAtMs": 1,
      "delay": {"kind": "fixed", "ms": 5}
    }
  ]
}`;

test('what is right has no problem', () => {
  assert.deepEqual(problemsIn('chaos', good), []);
});

/** A change to the text, and where and what the problem is. */
const wrong: [what: string, from: string, to: string, at: [line: number, column: number], path: string][] = [
  ['a value out of range', '"ms": 5', '"ms": -5', [7, 34], 'faults[0].delay.ms'],
  ['an unknown field', '"id": "a"', '"id": "a", "colour": 1', [5, 18], 'faults[0].colour'],
  ['a missing field: the object that lacks it', '"expiresAtMs": 1,', '', [4, 5], 'faults[0].expiresAtMs'],
  ['a missing field at the top', '"generation": 1,', '', [1, 1], 'generation'],
  ['a wrong kind of value', '[\n    {', '[ 3,\n    {', [3, 15], 'faults[0]'],
  ['a field given twice', '"id": "a",', '"id": "a",\n"id": "b",', [6, 1], ''],
  ['not JSON', '"a",', '"a"', [6, 7], ''],
  ['a trailing comma', '"ms": 5}', '"ms": 5,}', [7, 42], ''],
];
for (const [what, from, to, [line, column], path] of wrong) {
  test(what, () => {
    const [problem, ...rest] = problemsIn('chaos', good.replace(from, to));
    assert.deepEqual(rest, []);
    assert.deepEqual([problem?.line, problem?.column, problem?.path], [line, column, path], problem?.reason);
    assert.ok(problem!.reason.length > 5);
  });
}

test('all problems, in the order of the lines', () => {
  const text = good.replace('"ms": 5', '"ms": -5').replace('"generation": 1', '"generation": 1.5');
  assert.deepEqual(problemsIn('chaos', text).map(describeTextProblem), [
    'line 2: generation: must be a whole number',
    'line 7: faults[0].delay.ms: must be within 0 and 60000',
  ]);
});

test('mirror has the same', () => {
  const text =
    '{"generation": 1,\n"cluster": "shadow",\n"percent": 101,\n"pseudonymKey": "00112233445566778899aabbccddeeff"}';
  assert.deepEqual(problemsIn('mirror', text).map(describeTextProblem), ['line 3: percent: must be within 0 and 100']);
});

test('what is no object, and what is nothing', () => {
  for (const text of ['', '3', '[]', 'null', '{']) assert.equal(problemsIn('chaos', text).length, 1, text);
});
