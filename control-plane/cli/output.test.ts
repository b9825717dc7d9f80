import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const module = JSON.stringify(new URL('./output.ts', import.meta.url).href);

/** The exit code of a program that prints without end and whose reader goes away after the first line. */
async function withoutReader(more: string): Promise<number | null> {
  const program = `
    import { endWithOutput, onOutputGone } from ${module};
    endWithOutput();
    const timer = setInterval(() => console.log('a line'), 1);
    ${more}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  return code;
}

test('a program whose reader went away ends well', async () => {
  assert.equal(await withoutReader(''), 0);
});

test('what has others to stop ends by itself', async () => {
  const stop = `onOutputGone(() => {
    clearInterval(timer);
    if (process.exitCode === 7) return;
    process.exitCode = 7;
    setImmediate(() => console.log('stopping, and nobody reads it'));
  });`;
  assert.equal(await withoutReader(stop), 7);
});
