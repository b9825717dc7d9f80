import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseArgs } from 'node:util';
import { KeptRuns, keptRunsOptions } from './kept-runs.ts';

interface Run {
  readonly name: string;
  readonly after: number;
}

const folder = mkdtempSync(join(tmpdir(), 'umbra-kept-runs-'));
after(() => rmSync(folder, { recursive: true }));

test('runs are there again for the next start, also what never happened; --fresh forgets them', () => {
  const json = join(folder, 'not/yet/there.json');
  const first = new KeptRuns<Run>({ json, fresh: false });
  assert.deepEqual(first.runs, []);
  const runs = [
    { name: 'a', after: 1.5 },
    { name: 'b', after: Number.POSITIVE_INFINITY },
  ];
  for (const run of runs) first.add(run);
  assert.deepEqual(first.runs, runs);
  assert.equal(readFileSync(`${json}.runs`, 'utf8'), '{"name":"a","after":1.5}\n{"name":"b","after":"never"}\n');

  const second = new KeptRuns<Run>({ json, fresh: false });
  assert.equal(second.file, json);
  assert.deepEqual(second.runs, runs);
  second.add({ name: 'c', after: 0 });
  assert.equal(new KeptRuns<Run>({ json, fresh: false }).runs.length, 3);

  assert.deepEqual(new KeptRuns<Run>({ json, fresh: true }).runs, []);
  assert.deepEqual(new KeptRuns<Run>({ json, fresh: false }).runs, []);
});

test('the options name the file, and keep what is there unless told otherwise', () => {
  const read = (...args: string[]) => ({ ...parseArgs({ args, options: keptRunsOptions('usual.json') }).values });
  assert.deepEqual(read(), { json: 'usual.json', fresh: false, help: false });
  assert.deepEqual(read('--json', 'other.json', '--fresh'), { json: 'other.json', fresh: true, help: false });
});
