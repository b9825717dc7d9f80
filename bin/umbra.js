#!/usr/bin/env node
// In a checkout the sources run as they are (Node 24 strips their types; npm ci brings that Node); the published package holds
// what was compiled from them. This file itself must parse on any Node, to be able to say what is missing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';

const needed = 24;
if (Number(process.versions.node.split('.')[0]) >= needed) {
  if (modules.enableCompileCache) modules.enableCompileCache();
  const source = new URL('../control-plane/cli/main.ts', import.meta.url);
  const compiled = new URL('../dist/control-plane/cli/main.js', import.meta.url);
  const { main } = await import((existsSync(source) ? source : compiled).href);
  await main(process.argv.slice(2));
} else {
  const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (existsSync(own) && process.env.UMBRA_LAUNCHED === undefined) {
    const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, UMBRA_LAUNCHED: '1' },
    });
    // The child decides when to end, and how. A terminal sends Ctrl-C to both: twice would mean "at once".
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
  } else {
    console.error(`UMB0806 Node is too old: this is ${process.versions.node}, Umbra needs ${needed} or later
  → Install Node 24 or later, or run \`npm ci\` in the repository.`);
    process.exitCode = 1;
  }
}
