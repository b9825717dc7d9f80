import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Built into dashboard/build, which the control plane serves. `vite dashboard` serves it live beside a running control plane. */
export default defineConfig({
  root,
  base: './',
  build: { outDir: 'build', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 900 },
  server: { host: '127.0.0.1', proxy: { '/api': { target: process.env.UMBRA_API ?? 'http://127.0.0.1:7070' } } },
});
