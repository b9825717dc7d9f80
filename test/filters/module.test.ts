import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chaosCapabilities, type FilterRole, mirrorCapabilities } from '../../filters/config.ts';
import { abiExports, abiImports, mirrorMayImport, streamCallbacks } from './abi-list.ts';
import { answersOf } from './answers.ts';
import { moduleOf, modulePath } from './harness.ts';

const roles: readonly FilterRole[] = ['mirror', 'chaos'];
const capabilities = { mirror: mirrorCapabilities, chaos: chaosCapabilities } as const;
const imports = (role: FilterRole) => WebAssembly.Module.imports(moduleOf(role)).map((i) => i.name);
const exports = (role: FilterRole) => WebAssembly.Module.exports(moduleOf(role)).map((e) => e.name);

for (const role of roles) {
  test(`${role} imports and exports only what the ABI has`, () => {
    for (const i of WebAssembly.Module.imports(moduleOf(role))) {
      assert.ok(abiImports.has(i.name), i.name);
      assert.equal(i.module, i.name === 'clock_time_get' ? 'wasi_snapshot_preview1' : 'env');
      assert.equal(i.kind, 'function');
    }
    for (const name of exports(role)) assert.ok(abiExports.has(name), name);
  });

  test(`${role}'s capabilities are its imports and its callbacks, no more and no less`, () => {
    const callbacks = exports(role).filter(
      (name) => name.startsWith('proxy_on_') && name !== 'proxy_on_memory_allocate',
    );
    assert.deepEqual([...capabilities[role]].sort(), [...imports(role), ...callbacks].sort());
  });
}

test('mirror imports nothing that could pause, change or end a request', () => {
  for (const name of imports('mirror')) assert.ok(mirrorMayImport.has(name), name);
});

test('mirror can answer Continue and nothing else: read from its code', () => {
  const wasm = readFileSync(modulePath('mirror'));
  for (const name of streamCallbacks) assert.deepEqual([...answersOf(wasm, name)], [0], name);
});

test('the reading of answers sees other answers where there are any', () => {
  // Chaos holds requests: if its answers looked like mirror's, the test above would prove nothing.
  const answers = answersOf(readFileSync(modulePath('chaos')), 'proxy_on_request_headers');
  assert.ok(answers.size > 1 || answers.has(undefined), [...answers].join());
});

test('modules stay small', () => {
  assert.ok(readFileSync(modulePath('mirror')).length <= 24 * 1024);
  assert.ok(readFileSync(modulePath('chaos')).length <= 32 * 1024);
});
