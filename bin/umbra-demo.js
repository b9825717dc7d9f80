#!/usr/bin/env node
// In a checkout the sources run as they are; the published package holds only what was compiled from them.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

enableCompileCache();
const source = new URL('../demo/cli.ts', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/demo/cli.js', import.meta.url).href);
await main(process.argv.slice(2));
