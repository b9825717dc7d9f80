import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { meansHangup } from './hangup.ts';

test('a daemon, and a program whose terminal is still there, are asked to read again', () => {
  assert.equal(meansHangup(true, false), true);
  assert.equal(meansHangup(true, true), false);
  assert.equal(meansHangup(false, false), false);
});

test('a program is told by SIGHUP that its terminal is closed, and by hand that it is to read again', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'umbra-hangup-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const told = join(directory, 'told');
  const program = `
    import { appendFileSync } from 'node:fs';
    import { hasTerminal, meansHangup } from ${JSON.stringify(new URL('./hangup.ts', import.meta.url).href)};
    const atStart = hasTerminal();
    process.on('SIGHUP', () => {
      const hangup = meansHangup(atStart);
      appendFileSync(${JSON.stringify(told)}, hangup ? 'hangup' : 'again ');
      if (hangup) process.exit();
      else process.stdout.write('heard');
    });
    setInterval(() => {}, 1000);
    process.stdout.write('pid=' + process.pid + ';');`;
  // `script` gives its child a terminal, which is closed when it ends.
  const command = `exec ${process.execPath} --input-type=module -e '${program.replaceAll("'", `'\\''`)}'`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const said = async (what: RegExp) => {
    for (let text = ''; ; ) {
      const [chunk] = await once(terminal.stdout, 'data');
      text += chunk;
      const found = what.exec(text);
      if (found) return found;
    }
  };
  const pid = Number((await said(/pid=(\d+);/))[1]);
  process.kill(pid, 'SIGHUP');
  await said(/heard/);
  terminal.kill('SIGKILL');
  await once(terminal, 'exit');
  for (const end = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const text = readFileSync(told, 'utf8');
    if (text === 'again hangup') return;
    assert.ok(Date.now() < end, `told: ${text}`);
  }
});
