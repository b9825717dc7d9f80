import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// Wall 1: the compiler. Each attempt to aim a fault at production is compiled and must be refused at the line that makes it.

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = mkdtempSync(join(root, 'test/walls/attempt-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const head = `
import type { FaultLease, Lease } from '../../../control-plane/mesh/lease.ts';
import type { FaultableWorld, World } from '../../../control-plane/mesh/world.ts';
declare const production: World;
declare const shadow: FaultableWorld;
declare const lease: FaultLease;
declare function chaosLoop(world: FaultableWorld): void;
void (null as unknown as Lease);
`;

function compile(name: string, line: string): { code: number | null; output: string } {
  writeFileSync(join(folder, `${name}.ts`), `${head}${line}\n`);
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: [`${name}.ts`],
      exclude: [],
    }),
  );
  const run = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', join(folder, `${name}.json`), '--pretty', 'false'],
    { encoding: 'utf8' },
  );
  return { code: run.status, output: run.stdout + run.stderr };
}

test('a fault into the shadow compiles', () => {
  const { code, output } = compile('shadow', 'void shadow.inject(lease); chaosLoop(shadow);');
  assert.equal(code, 0, output);
});

const attempts: [name: string, line: string, error: RegExp][] = [
  ['inject', 'void production.inject(lease);', /TS2339.*inject/],
  ['apply', 'void production.apply(lease);', /TS2345|TS2739/],
  ['pass', 'chaosLoop(production);', /TS2345|TS2739|TS2740/],
  [
    'forge',
    "chaosLoop({ ...production, name: 'shadow', inject: async () => ({ state: 'refused', reason: '' }), snapshotState: async () => {}, resetState: async () => {} });",
    /TS2345|TS2741|TS2739/,
  ],
];
for (const [name, line, error] of attempts) {
  test(`a fault at production does not compile: ${name}`, () => {
    const { code, output } = compile(name, line);
    assert.notEqual(code, 0);
    assert.match(output, error);
  });
}
