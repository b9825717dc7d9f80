import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { parseTrouble, type StartOptions, startCommand } from './options.ts';

test('troubles with their times', () => {
  assert.deepEqual(parseTrouble('payments-slow@60'), { name: 'payments-slow', atMs: 60_000 });
  assert.deepEqual(parseTrouble('error-burst@1.5+45'), { name: 'error-burst', atMs: 1500, forMs: 45_000 });
  assert.deepEqual(parseTrouble('error-burst@2m+30s'), { name: 'error-burst', atMs: 120_000, forMs: 30_000 });
});

const bad = [
  'payments-slow',
  'payments-slow@',
  '@60',
  'flood@60',
  'error-burst@soon',
  'error-burst@60+',
  'error-burst@-1',
];
for (const text of bad) test(`${text} is refused`, () => assert.throws(() => parseTrouble(text)));

const refused: [argument: string, says: RegExp][] = [
  ['--report=/nowhere/report.json', /cannot be written: .*\/nowhere/],
  [`--report=${import.meta.dirname}`, /it is a folder/],
  ['--port=70000', /a port between/],
  ['--api-port=1.5', /a port between/],
  ['--rate=-1', /a number, 0 or above/],
  ['--for=10', /a time like/],
];
for (const [argument, says] of refused)
  test(`${argument} is refused before anything is built`, async () => {
    const command = startCommand(new Command(), () => assert.fail('it was run'));
    command.exitOverride().configureOutput({ writeErr: () => {} });
    await assert.rejects(command.parseAsync([argument], { from: 'user' }), says);
  });

test('the command gathers its options', async () => {
  let got: StartOptions | undefined;
  const command = startCommand(new Command(), async (options) => {
    got = options;
  });
  const args = '--for 10m --report r.json --trouble error-burst@5 --trouble cpu-burn@9+3 --rate 30 --port 0 --no-load';
  await command.parseAsync(args.split(' '), { from: 'user' });
  assert.deepEqual(got, {
    forMs: 600_000,
    report: 'r.json',
    troubles: [
      { name: 'error-burst', atMs: 5000 },
      { name: 'cpu-burn', atMs: 9000, forMs: 3000 },
    ],
    rate: 30,
    port: 0,
    load: false,
  });
});
