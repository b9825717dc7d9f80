/**
 * Two more rounds of the compiler's own optimizer (Binaryen) over a finished module, which the AssemblyScript compiler ends before
 * nothing is left to gain: `node scripts/shrink-module.ts IN OUT SHRINK_LEVEL`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

interface Binaryen {
  readonly Features: Record<
    'MutableGlobals' | 'SignExt' | 'NontrappingFPToInt' | 'BulkMemory' | 'BulkMemoryOpt',
    number
  >;
  setOptimizeLevel(level: number): void;
  setShrinkLevel(level: number): void;
  setLowMemoryUnused(on: boolean): void;
  setZeroFilledMemory(on: boolean): void;
  readBinary(bytes: Uint8Array): { setFeatures(features: number): void; optimize(): void; emitBinary(): Uint8Array };
}

const [from, to, level] = process.argv.slice(2);
if (!from || !to || !level) throw new Error('usage: node scripts/shrink-module.ts IN OUT SHRINK_LEVEL');
const asc = createRequire(createRequire(import.meta.url).resolve('assemblyscript/package.json'));
const { default: binaryen } = (await import(pathToFileURL(asc.resolve('binaryen')).href)) as { default: Binaryen };
// As asconfig.json has them.
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(Number(level));
// What the compiler itself knows: its data begins behind the first KiB, and memory not yet written is zero.
binaryen.setLowMemoryUnused(true);
binaryen.setZeroFilledMemory(true);
const module = binaryen.readBinary(readFileSync(from));
const { MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt } = binaryen.Features;
module.setFeatures(MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | BulkMemoryOpt);
module.optimize();
module.optimize();
writeFileSync(to, module.emitBinary());
