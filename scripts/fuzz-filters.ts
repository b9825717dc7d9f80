/** Fuzzes the built filters for longer than the tests do: `node scripts/fuzz-filters.ts --minutes 30`. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes}: must be a number above 0`);
  process.exit(2);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const child = spawn(process.execPath, ['--test', 'test/filters/fuzz.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, UMBRA_FUZZ_MINUTES: String(minutes) },
});
child.on('exit', (code) => process.exit(code ?? 1));
