import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canCount, countInstructions, instructionsIn } from './instructions.ts';

test('reads what perf stat reports', () => {
  assert.equal(instructionsIn('110294,,instructions:u,19562000,100.00,0.20,insn per cycle\n'), 110294);
  assert.equal(instructionsIn('<not supported>,,instructions:u,0,100.00,,\n'), undefined);
  assert.equal(instructionsIn('<not counted>,,instructions:u,0,0.00,,\n'), undefined);
  assert.equal(instructionsIn("event syntax error: 'instructions:u'"), undefined);
  assert.equal(instructionsIn(''), undefined);
});

test('counts more for more work, and nothing but what is done meanwhile', async (t) => {
  if (!(await canCount())) return t.skip('no perf, or no counter of instructions');
  const of = async (rounds: number) => {
    const counting = await countInstructions(process.pid);
    let x = 1;
    for (let i = 0; i < rounds; i++) x = (x * 31 + i) | 0;
    assert.notEqual(x, undefined);
    return counting!.stop();
  };
  await of(1e7);
  const [some, more] = [await of(1e7), await of(1e8)];
  assert.ok(more > 4 * some, `${some} and ${more}`);
});

test('a process that is not there cannot be counted', async (t) => {
  if (!(await canCount())) return t.skip('no perf, or no counter of instructions');
  assert.equal(await countInstructions(2 ** 22 + 1), undefined);
});
