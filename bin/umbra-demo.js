#!/usr/bin/env node
// In a checkout the sources run as they are; the published package holds only what was compiled from them. This file itself
// must parse on any Node, to be able to say what is missing.
import { existsSync } from 'node:fs';
import * as modules from 'node:module';

if (Number(process.versions.node.split('.')[0]) >= 24) {
  modules.enableCompileCache();
  const source = new URL('../demo/cli.ts', import.meta.url);
  const compiled = new URL('../dist/demo/cli.js', import.meta.url);
  const { main } = await import((existsSync(source) ? source : compiled).href);
  await main(process.argv.slice(2));
} else {
  console.error(
    `umbra-demo: this is Node ${process.versions.node}, 24 or later is needed; \`npx umbra-demo\` finds the one npm ci brought`,
  );
  process.exitCode = 1;
}
