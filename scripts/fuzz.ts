/** Fuzzes for longer than the tests do: `node scripts/fuzz.ts filters --minutes 30`, `… xds --minutes 30`. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const files: Readonly<Record<string, readonly string[]>> = {
  filters: ['test/filters/fuzz.test.ts'],
  xds: ['test/xds/fuzz.test.ts', 'test/xds/order-fuzz.test.ts', 'test/xds/ttl-fuzz.test.ts'],
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '5' } },
});
const minutes = Number(values.minutes);
const chosen = files[positionals[0] ?? ''];
if (!(minutes > 0) || !chosen || positionals.length > 1) {
  console.error(`usage: node scripts/fuzz.ts ${Object.keys(files).join('|')} [--minutes 5]`);
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...chosen], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, UMBRA_FUZZ_MINUTES: String(minutes / chosen.length) },
});
child.on('exit', (code) => process.exit(code ?? 1));
