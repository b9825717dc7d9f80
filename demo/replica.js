// `node replica.js NAME` runs one replica of a service of the shop: from the sources, or from what was compiled from them.
import { existsSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
const source = new URL('./services/run.ts', import.meta.url);
const { runService } = await import((existsSync(source) ? source : new URL('./services/run.js', import.meta.url)).href);
try {
  await runService(process.argv[2]);
  // Replicas live long; those that start later (again, or added) shall find it now.
  flushCompileCache();
} catch (e) {
  console.error(e.message);
  process.exitCode = 1;
}
