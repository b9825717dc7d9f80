import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { launchers } from './start/launchers.ts';

const home = mkdtempSync(join(tmpdir(), 'home-'));
after(() => rmSync(home, { recursive: true }));

/** Runs `umbra-demo`; `onLine` may end it. */
function run(args: string[], onLine: (line: string, kill: () => void) => void = () => {}) {
  const child = spawn(process.execPath, [launchers.demo, ...args], {
    env: { ...process.env, UMBRA_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      // Told once: a second time would mean at once.
      onLine(line, () => child.killed || child.kill('SIGTERM'));
    });
  return new Promise<{ code: number | null; text: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, text: lines.join('\n') })),
  );
}

test('lists the troubles', async () => {
  const { code, text } = await run(['trouble', '--list']);
  assert.equal(code, 0);
  assert.match(text, /^payments-slow {2,}\S/m);
});

const refused: [args: string[], says: RegExp][] = [
  [['trouble', 'flood'], /no trouble flood; there are/],
  [['trouble', 'payments-slow'], /no replica of payments is running .*; start the shop first/],
  [['trouble', 'traffic-spike'], /no load is running/],
  [['trouble', 'error-burst', '--stop'], /error-burst is not on/],
  [['trouble', '--stop'], /say which trouble to stop/],
  [['trouble', 'error-burst', '--for', 'long'], /Give a time like 30s/],
  [['load'], /no entry to send to/],
  [['load', '--rate', 'many'], /Give a number/],
  [['serve'], /unknown command/],
];
for (const [args, says] of refused) {
  test(`umbra-demo ${args.join(' ')} says what is wrong`, async () => {
    const { code, text } = await run(args);
    assert.equal(code, 1);
    assert.match(text, says);
  });
}

test('the provider and the load run until they are told to end', async () => {
  const url = Promise.withResolvers<string>();
  let stop = () => {};
  const provider = run(['provider', '--port', '0'], (line, kill) => {
    stop = kill;
    url.resolve(`http://127.0.0.1:${/listens on (\d+)/.exec(line)?.[1]}`);
  });
  // The provider is no shop: everything fails, and is counted.
  const load = await run(['load', '--url', await url.promise, '--rate', '40', '--json'], (_, kill) => kill());
  assert.equal(load.code, 0);
  const { summary } = JSON.parse(load.text.split('\n').at(-1)!) as { summary: { offered: number; failed: number } };
  assert.ok(summary.offered > 0);
  assert.equal(summary.failed, summary.offered);
  stop();
  assert.equal((await provider).code, 0);
});

test('a second load leaves the first one its socket', async () => {
  const url = 'http://127.0.0.1:1';
  let second: ReturnType<typeof run> | undefined;
  const first = run(['load', '--url', url, '--rate', '10', '--for', '30d'], (_, kill) => {
    second ??= run(['load', '--url', url, '--for', '1s']);
    void second.then(kill);
  });
  assert.equal((await first).code, 0);
  const { code, text } = await second!;
  assert.equal(code, 1);
  assert.match(text, /another load listens at .*: give this one --socket PATH/);
});
